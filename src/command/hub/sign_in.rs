//! The sign-in at Docker Hub: the one of `docker login`, or one by password and second factor, which is kept for a few
//! minutes.

use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::command::args;
use crate::command::context::CommandContext;
use crate::command::error::{CommandError, PromptError};
use crate::docker::wire::WireError;
use crate::hub::api::HubApi;
use crate::hub::api::client::HubClient;
use crate::hub::api::error::HubApiError;
use crate::hub::api::login::LoginStep;
use crate::hub::docker_session::{SESSION_KEY, is_valid, sessions};
use crate::hub::kept_sign_in;
use crate::model::hint::program;
use crate::model::registry::Key;
use crate::model::secret::Secret;
use crate::system::sanitize::clean;
use crate::system::tty;
use crate::system::tty::TtyError;
use crate::vault::login::docker_hub_users;

/// The beginnings of the access tokens of persons and organizations.
const ACCESS_TOKENS: [&str; 2] = ["dckr_pat_", "dckr_oat_"];

/// The number of times that the code of the second factor is asked for.
const CODE_ATTEMPTS: usize = 3;

/// Who signs in; without any of these whoever signed in by `docker login` and the browser
#[derive(Debug, clap::Args)]
pub(super) struct SignInArgs {
    /// Your Docker ID
    #[arg(long, short)]
    user: Option<String>,
    /// Read the password from standard input, and a second-factor code from a second line
    #[arg(long, conflicts_with = "password_file")]
    password_stdin: bool,
    /// Read the password from a file, and a second-factor code from its second line
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl SignInArgs {
    /// Signs in as `owner`, unless the arguments name a Docker ID.
    pub(super) fn run<'h>(
        &self,
        hub: &'h HubApi,
        owner: Option<&str>,
        cx: &mut CommandContext,
    ) -> Result<HubClient<'h>, CommandError> {
        let wanted = self.user.as_deref().or(owner);
        let is_typed = !self.password_stdin && self.password_file.is_none();
        if is_typed && let Some((user, bearer)) = session(wanted, cx)? {
            hub.refuse_other_hosts()?;
            return Ok(hub.client(user, bearer));
        }
        if is_typed && let Some((user, bearer)) = kept_sign_in::find(&cx.store, hub, wanted, *cx.now) {
            return Ok(hub.client(user, bearer));
        }
        let user = match wanted {
            Some(user) => user.to_owned(),
            None => only_user(cx)?,
        };
        let (password, code) = self.password_and_code(hub, &user)?;
        let bearer = match hub.sign_in(&user, &password)? {
            LoginStep::Done(bearer) => bearer,
            LoginStep::SecondFactor(pending) => match code {
                Some(code) => hub.confirm_second_factor(&pending, &code)?,
                None => confirm_typed_code(hub, &user, &pending, cx)?,
            },
        };
        // A machine has its password at hand, so nothing is left behind there.
        if is_typed && kept_sign_in::keep(&cx.store, hub, &user, &bearer, *cx.now) {
            let program = program();
            cx.say(&format!("signed in as {user} for the next few minutes ({program} lock ends that)"));
        }
        Ok(hub.client(user, bearer))
    }

    /// Reads the password, and the code of the second factor if there is a second line.
    fn password_and_code(&self, hub: &HubApi, user: &str) -> Result<(Secret, Option<Secret>), CommandError> {
        let option = "--password-stdin or --password-file, or sign in by `docker login` without -u";
        let text = match args::read_secret(self.password_stdin, self.password_file.as_deref())? {
            Some(text) => text,
            None => tty::ask_hidden(&question("Password", hub, user)).map_err(missing("password", option))?,
        };
        let mut lines = text.lines().map(|line| Secret::new(Zeroizing::new(line.to_owned())));
        let password = lines.next().filter(|password| !password.expose().is_empty());
        let password = password.ok_or(PromptError::EmptyPassword)?;
        // Docker Hub refuses these too, but for some it says only that they are wrong.
        if ACCESS_TOKENS.iter().any(|prefix| password.expose().starts_with(prefix)) {
            return Err(HubApiError::SignedInByToken.into());
        }
        Ok((password, lines.next()))
    }
}

fn missing(what: &'static str, option: &'static str) -> impl FnOnce(TtyError) -> PromptError {
    move |source| PromptError::Missing { what, option, source }
}

/// Asks for the code of the second factor, and once more when it is wrong.
fn confirm_typed_code(
    hub: &HubApi,
    user: &str,
    pending: &Secret,
    cx: &mut CommandContext,
) -> Result<Secret, CommandError> {
    for _ in 1..CODE_ATTEMPTS {
        match hub.confirm_second_factor(pending, &ask_code(hub, user)?) {
            Err(HubApiError::SignIn(why)) => cx.say(&format!("Docker Hub refuses that code: {why}")),
            other => return Ok(other?),
        }
    }
    Ok(hub.confirm_second_factor(pending, &ask_code(hub, user)?)?)
}

/// Returns the question for something secret, with the host that it is sent to.
fn question(what: &str, hub: &HubApi, user: &str) -> String {
    format!("{what} of {} at Docker Hub, {} (it does not show): ", clean(user), hub.address())
}

fn ask_code(hub: &HubApi, user: &str) -> Result<Secret, CommandError> {
    let question = question("Code of the second factor", hub, user);
    let missing = missing("second factor", "a second line behind the password");
    let code = tty::ask_hidden(&question).map_err(missing)?;
    Ok(Secret::new(Zeroizing::new(code.trim().to_owned())))
}

/// Returns the Docker ID of the tokens in the vault if they all belong to one person; otherwise asks for it.
fn only_user(cx: &CommandContext) -> Result<String, CommandError> {
    let inventory = cx.store.inventory()?;
    let mut users = docker_hub_users(&inventory, None);
    users.sort_unstable();
    users.dedup();
    if let [user] = users.as_slice() {
        return Ok((*user).to_owned());
    }
    let user = tty::ask("Docker ID: ").map_err(missing("Docker ID", "--user"))?;
    if user.trim().is_empty() { Err(WireError::NoUser.into()) } else { Ok(user.trim().to_owned()) }
}

/// Returns the Docker ID and the token of a valid sign-in by `docker login`.
fn session(wanted: Option<&str>, cx: &mut CommandContext) -> Result<Option<(String, Secret)>, CommandError> {
    let key = Key::parse(SESSION_KEY)?;
    let excerpt = cx.store.excerpt(Some(&key))?;
    let mut expired = None;
    for (token, user) in sessions(excerpt.inventory()) {
        if wanted.is_some_and(|wanted| !wanted.eq_ignore_ascii_case(user)) {
            continue;
        }
        let secret = excerpt.release(token)?;
        if is_valid(&secret, *cx.now) {
            return Ok(Some((user.to_owned(), secret)));
        }
        expired = Some(user.to_owned());
    }
    drop(excerpt);
    if let Some(user) = expired {
        cx.say(&format!(
            "the sign-in of {user} by docker login has expired (docker login without -u renews it)"
        ));
    }
    Ok(None)
}
