//! What the surroundings tell: variables, folders, the clock.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{env, io};

use etcetera::BaseStrategy;
use thiserror::Error;

use crate::model::hint::Hint;
use crate::model::timestamp::Timestamp;

/// Set by the scripts of `completions` to the name of their shell.
const COMPLETE: &str = "DOCKER_CREDENTIAL_PAT_COMPLETE";

/// Names a file with the vault's passphrase, for machines.
pub const PASSPHRASE_FILE: &str = "DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE";

/// Set for a command that is asked for the vault's key.
pub const KEY_WANTED: &str = "DOCKER_CREDENTIAL_PAT_KEY_WANTED";

/// Says `off` where no use is to be noted.
pub const USAGE: &str = "DOCKER_CREDENTIAL_PAT_USAGE";

/// The name of this program, and of its folder below each of the user's folders.
pub const PROGRAM: &str = "docker-credential-pat";

/// Where this program keeps its files: <https://specifications.freedesktop.org/basedir-spec/latest/>.
#[derive(Clone, Debug)]
pub struct Folders {
    /// For the vault.
    pub data: PathBuf,
    /// For the key and what was set up.
    pub config: PathBuf,
    /// For what is noted of the past; where the platform has no folder for it, that for the vault.
    pub state: PathBuf,
}

/// Why it cannot be told where files belong.
#[derive(Debug, Error)]
pub enum EnvError {
    /// No home to put files in. Not looked up by user id: in a user namespace that is another one's.
    #[error("HOME is not set")]
    NoHome,
    /// A path that means something else in each folder.
    #[error("{variable} is not an absolute path: {}", path.display())]
    Relative {
        /// The variable.
        variable: &'static str,
        /// What it says.
        path: PathBuf,
    },
    /// Podman's own place for logins depends on the session, and there is none.
    #[error("cannot tell where podman keeps its logins: XDG_RUNTIME_DIR is not set")]
    NoPodmanFile,
    /// A variable that holds no text.
    #[error("{variable} is not valid UTF-8")]
    NotText {
        /// The variable.
        variable: &'static str,
    },
    /// The system does not tell which program this is.
    #[error("cannot tell where this program is")]
    Program(#[source] io::Error),
    /// The working directory is gone or closed to us.
    #[error("cannot tell the working directory")]
    WorkingDirectory(#[source] io::Error),
}

impl Hint for EnvError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoHome => "set HOME to your home folder, an absolute path".to_owned(),
            Self::Relative { variable, .. } => format!("set {variable} to an absolute path"),
            Self::NoPodmanFile => {
                "set REGISTRY_AUTH_FILE to a file of your own, here and for podman".to_owned()
            }
            Self::NotText { variable } => format!("set {variable} to something else, or unset it"),
            Self::Program(_) => format!("add the folder of {PROGRAM} to PATH"),
            Self::WorkingDirectory(_) => "change into a folder that exists".to_owned(),
        })
    }
}

impl Folders {
    /// Finds the user's folders.
    pub fn find() -> Result<Self, EnvError> {
        if cfg!(unix) {
            home()?;
        }
        let base = etcetera::choose_base_strategy().map_err(|_| EnvError::NoHome)?;
        let data = base.data_dir().join(PROGRAM);
        let state = base.state_dir().map_or_else(|| data.clone(), |state| state.join(PROGRAM));
        Ok(Self { data, config: base.config_dir().join(PROGRAM), state })
    }
}

impl Folders {
    /// Returns the file that remembers what was set up.
    pub fn setup(&self) -> PathBuf {
        self.config.join("setup.json")
    }
}

/// Returns where a program is in the folders of `PATH`.
pub fn find_program(name: &str) -> Option<PathBuf> {
    programs(name).into_iter().next()
}

/// Returns the files of a program's name in the folders of `PATH`, in their order.
pub fn programs(name: &str) -> Vec<PathBuf> {
    let Some(folders) = env::var_os("PATH") else { return Vec::new() };
    let name = format!("{name}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&folders).map(|folder| folder.join(&name)).filter(|path| path.is_file()).collect()
}

/// Returns where this program is.
pub fn this_program() -> Result<PathBuf, EnvError> {
    env::current_exe().map_err(EnvError::Program)
}

/// Returns the user's home as the environment names it.
pub fn home() -> Result<PathBuf, EnvError> {
    let home = if cfg!(unix) { path("HOME") } else { etcetera::home_dir().ok() };
    absolute("HOME", home.ok_or(EnvError::NoHome)?)
}

/// Returns the path of Docker's own configuration file:
/// <https://docs.docker.com/reference/cli/docker/#change-the-docker-directory>.
pub fn docker_config() -> Result<PathBuf, EnvError> {
    let folder = match path("DOCKER_CONFIG") {
        // Docker takes a relative one as it is, so do we.
        Some(folder) => working_directory()?.join(folder),
        None => home()?.join(".docker"),
    };
    Ok(folder.join("config.json"))
}

/// Returns the path of the file in which podman, skopeo and buildah keep logins:
/// <https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md>.
pub fn podman_auth() -> Result<PathBuf, EnvError> {
    if let Some(file) = path("REGISTRY_AUTH_FILE") {
        return Ok(working_directory()?.join(file));
    }
    podman_auth_of_session()
}

/// Without a session, root's is where podman looks; for others that depends on a user namespace.
#[cfg(target_os = "linux")]
fn podman_auth_of_session() -> Result<PathBuf, EnvError> {
    match path("XDG_RUNTIME_DIR") {
        Some(folder) => Ok(absolute("XDG_RUNTIME_DIR", folder)?.join("containers/auth.json")),
        None if rustix::process::getuid().is_root() => Ok(PathBuf::from("/run/containers/0/auth.json")),
        None => Err(EnvError::NoPodmanFile),
    }
}

#[cfg(not(target_os = "linux"))]
fn podman_auth_of_session() -> Result<PathBuf, EnvError> {
    Ok(home()?.join(".config/containers/auth.json"))
}

/// Returns the time, to the second.
pub fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX))
}

/// Returns the shell that asks what it could offer next, if one does.
pub fn completing_shell() -> Option<OsString> {
    env::var_os(COMPLETE).filter(|shell| !shell.is_empty())
}

/// Returns the path with the user's home as `~`, for people.
pub fn tilde(path: &Path) -> String {
    match home().ok().and_then(|home| path.strip_prefix(home).ok().map(Path::to_owned)) {
        Some(below) if cfg!(unix) => format!("~/{}", below.display()),
        Some(_) | None => path.display().to_string(),
    }
}

/// Returns what a variable says, unless it is empty.
pub fn text(variable: &'static str) -> Result<Option<String>, EnvError> {
    let text = env::var_os(variable).filter(|value| !value.is_empty()).map(OsString::into_string);
    text.transpose().map_err(|_| EnvError::NotText { variable })
}

/// Returns the file with the vault's passphrase, if one is named.
pub fn passphrase_file() -> Option<PathBuf> {
    path(PASSPHRASE_FILE)
}

/// Returns the file with certificates that a variable names.
#[cfg(feature = "online")]
pub fn ca_file(variable: &str) -> Option<PathBuf> {
    path(variable)
}

/// True when this process was started by a command that is to give the vault's key.
pub fn is_key_wanted() -> bool {
    path(KEY_WANTED).is_some()
}

/// True when this call is not to be noted. Whatever else the variable says means nothing.
pub fn is_usage_off() -> bool {
    env::var_os(USAGE).is_some_and(|value| value == "off")
}

/// Returns where systemd hands a service its credentials: <https://systemd.io/CREDENTIALS/>.
pub fn credentials_directory() -> Option<PathBuf> {
    path("CREDENTIALS_DIRECTORY").filter(|folder| folder.is_absolute())
}

/// True where a desktop could ask a person something.
pub fn has_desktop() -> bool {
    cfg!(any(windows, target_os = "macos"))
        || ["DISPLAY", "WAYLAND_DISPLAY"].into_iter().any(|name| path(name).is_some())
}

/// True where a session bus could lead to a keyring: <https://dbus.freedesktop.org/doc/dbus-specification.html>.
pub fn has_session_bus() -> bool {
    let is_usual = || path("XDG_RUNTIME_DIR").is_some_and(|folder| folder.join("bus").exists());
    cfg!(any(windows, target_os = "macos")) || path("DBUS_SESSION_BUS_ADDRESS").is_some() || is_usual()
}

/// True when the variable is set by which docker CLIs from 28.3 on are given logins.
pub fn is_auth_config_set() -> bool {
    path("DOCKER_AUTH_CONFIG").is_some()
}

/// Returns the working directory, an absolute path.
pub fn working_directory() -> Result<PathBuf, EnvError> {
    env::current_dir().map_err(EnvError::WorkingDirectory)
}

/// Returns what a variable names, unless it is empty.
fn path(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn absolute(variable: &'static str, path: PathBuf) -> Result<PathBuf, EnvError> {
    if path.is_absolute() { Ok(path) } else { Err(EnvError::Relative { variable, path }) }
}
