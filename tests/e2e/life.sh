# shellcheck shell=bash
# Sourced: the checks that every client must pass.

# account_life: two accounts are added, changed and removed.
# Needs client_login USER SECRET, client_use (pulls an image that requires an account) and client_logout.
account_life() {
  refused "without a login the registry refuses" "$denied" client_use
  check "login" client_login alice "${secret[alice]}"
  check "the login is used" used_by alice client_use
  refused "a login with a wrong password fails" "$denied" client_login alice wrong
  check "the stored one still works after that" used_by alice client_use
  check "login again" client_login alice "${secret[alice]}"
  equal "a second login of the same account makes no second token" "alice" users_kept
  check "login of a second account" client_login bob "${secret[bob]}"
  equal "both accounts are kept" "alice bob" users_kept
  equal "ls marks the last login as in use" "bob" users_in_use
  check "the last login is used" used_by bob client_use
  check "use puts the first account back" use_account alice
  equal "ls marks the first account as in use" "alice" users_in_use
  check "the first account is used" used_by alice client_use
  check "no secret in any file" no_secret_in_files
  equal "vault and key are the owner's alone" "600 600" modes
  check "logout" client_logout
  refused "after the logout the registry refuses" "$denied" client_use
  equal "the other account is kept, signed out" "bob" users_kept
  check "a second logout" client_logout
  equal "which changes nothing" "bob" users_kept
  check "use signs it in again" use_account bob
  check "it is used" used_by bob client_use
  check "logout of the last account" client_logout
  equal "no login is left in the vault" "" users_kept
}
