//! Keeps a sign-in by password in the kernel's memory for a few minutes, so that the next command does not ask again. It is
//! never on disk. Where there is no vault, or the kernel refuses, nothing is kept, which is not an error.

use std::time::Duration;

use zeroize::Zeroizing;

use crate::hub::api::HubApi;
use crate::hub::docker_session::is_valid;
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;
use crate::provider::expiry::jwt_expiry;
use crate::vault::keys::cache;
use crate::vault::seal::Tag;
use crate::vault::store::VaultStore;

/// The longest time for which a sign-in is kept, in seconds: Docker Hub's access tokens last as long.
const MAX_SECONDS: i64 = 10 * 60;

/// Keeps a sign-in until it expires. Returns false when it is not kept.
pub fn keep(store: &VaultStore, hub: &HubApi, user: &str, bearer: &Secret, now: Timestamp) -> bool {
    let expires = jwt_expiry(bearer.expose()).map_or(MAX_SECONDS, |expires| expires.0.saturating_sub(now.0));
    let seconds = u64::try_from(expires.min(MAX_SECONDS)).unwrap_or_default();
    let url = hub.custom_url().unwrap_or_default();
    // These are lines.
    let is_line = |text: &str| !text.contains('\n');
    let Some(fingerprint) = fingerprint(store) else { return false };
    if seconds == 0 || ![&url, user, bearer.expose()].into_iter().all(is_line) {
        return false;
    }
    let text = Zeroizing::new([&url, user, bearer.expose()].join("\n"));
    cache::store_sign_in(&fingerprint, &text, Duration::from_secs(seconds))
}

/// Returns the kept sign-in at this address of Docker Hub, if it is valid and of the wanted person.
pub fn find(
    store: &VaultStore,
    hub: &HubApi,
    wanted: Option<&str>,
    now: Timestamp,
) -> Option<(String, Secret)> {
    let text = cache::find_sign_in(&fingerprint(store)?)?;
    let (url, rest) = text.split_once('\n')?;
    let (user, bearer) = rest.split_once('\n')?;
    let is_wanted = wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(user));
    if url != hub.custom_url().unwrap_or_default() || !is_wanted {
        return None;
    }
    let bearer = Secret::new(Zeroizing::new(bearer.to_owned()));
    is_valid(&bearer, now).then(|| (user.to_owned(), bearer))
}

/// Forgets the kept sign-in. Returns true when there was one.
pub fn forget(store: &VaultStore) -> bool {
    fingerprint(store).is_some_and(|fingerprint| cache::remove_sign_in(&fingerprint))
}

fn fingerprint(store: &VaultStore) -> Option<Tag> {
    store.holders().ok().flatten().map(|holders| holders.fingerprint)
}
