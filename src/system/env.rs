//! Reads the environment: variables, folders, the clock.

#[cfg(unix)]
use std::ffi::OsStr;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{env, fs, io};

use thiserror::Error;

use crate::model::hint::{Hint, program};
use crate::model::name::quoted;
use crate::model::timestamp::Timestamp;
#[cfg(unix)]
use crate::system::{user_database, user_namespace};

/// The variable that completion scripts set to the name of their shell.
const COMPLETE: &str = "DOCKER_CREDENTIAL_PAT_COMPLETE";

/// The variable with the path of a file that holds the vault's passphrase, for unattended use.
pub const PASSPHRASE_FILE: &str = "DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE";

/// The variable that is set for a command that prints the vault's key.
pub const KEY_WANTED: &str = "DOCKER_CREDENTIAL_PAT_KEY_WANTED";

/// The variable that turns the usage log off with the value `off`.
pub const USAGE: &str = "DOCKER_CREDENTIAL_PAT_USAGE";

/// The file name of this program, and the name of its folder below each of the user's folders.
pub const PROGRAM: &str = "docker-credential-pat";

/// The folders of programs where `PATH` is not set.
#[cfg(unix)]
const USUAL_FOLDERS: &str = "/usr/local/bin:/bin:/usr/bin";

/// The variable with the folder that has the vault's folder.
const XDG_DATA: &str = "XDG_DATA_HOME";

/// The home of users who have none: <https://www.debian.org/doc/debian-policy/ch-opersys.html#non-existent-home-directories>.
const NO_HOME: &str = "/nonexistent";

/// The folders of this program: <https://specifications.freedesktop.org/basedir-spec/latest/>.
#[derive(Clone, Debug)]
pub struct Folders {
    /// The folder of the vault.
    pub data: PathBuf,
    /// The folder of the key file and of the record of `install`.
    pub config: PathBuf,
    /// The folder of the usage log; the same as `data` on platforms without a folder for state.
    pub state: PathBuf,
}

#[derive(Debug, Error)]
pub enum EnvError {
    #[error("neither HOME nor the user database names a home folder of this user")]
    NoHome,
    #[error("{variable} is not an absolute path: {}", path.display())]
    Relative { variable: &'static str, path: PathBuf },
    /// The default file of podman belongs to a session, and this process does not run in one.
    #[error("cannot find where podman keeps its logins: XDG_RUNTIME_DIR is not set")]
    NoPodmanFile,
    #[error("{variable} is not valid UTF-8")]
    NotText { variable: &'static str },
    #[error("cannot find the path of this program")]
    Program(#[source] io::Error),
    /// The working directory was removed or cannot be read.
    #[error("cannot find the working directory")]
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
    #[cfg(unix)]
    pub fn find() -> Result<Self, EnvError> {
        let [data, config, state] = [XDG_DATA, "XDG_CONFIG_HOME", "XDG_STATE_HOME"].map(absolute_path);
        // A service may have these folders, and no home.
        let needs_home = data.is_none() || config.is_none() || state.is_none();
        let home = if needs_home || path("HOME").is_some() { home()? } else { PathBuf::new() };
        let or_below_home = |folder: Option<PathBuf>, usual| folder.unwrap_or_else(|| home.join(usual));
        Ok(Self {
            data: or_below_home(data, ".local/share").join(PROGRAM),
            config: or_below_home(config, ".config").join(PROGRAM),
            state: or_below_home(state, ".local/state").join(PROGRAM),
        })
    }

    /// Finds the user's folders.
    #[cfg(not(unix))]
    pub fn find() -> Result<Self, EnvError> {
        use etcetera::BaseStrategy;
        let base = etcetera::choose_base_strategy().map_err(|_| EnvError::NoHome)?;
        let data = base.data_dir().join(PROGRAM);
        let state = base.state_dir().map_or_else(|| data.clone(), |state| state.join(PROGRAM));
        Ok(Self { data, config: base.config_dir().join(PROGRAM), state })
    }

    /// Finds the folders to read from. A user without a home has no vault, and gets folders that do not exist.
    pub fn find_for_reading() -> Result<Self, EnvError> {
        match Self::find() {
            // With a folder for data, there may be a vault, but its key cannot be found.
            Err(EnvError::NoHome) if absolute_path(XDG_DATA).is_none() => {
                let nowhere = Path::new(NO_HOME).join(PROGRAM);
                Ok(Self { data: nowhere.clone(), config: nowhere.clone(), state: nowhere })
            }
            found => found,
        }
    }

    /// Fails for folders that do not exist because the user has no home. Call it before these folders are created.
    pub fn refuse_no_home(&self) -> Result<(), EnvError> {
        if self.data.starts_with(NO_HOME) { Err(EnvError::NoHome) } else { Ok(()) }
    }

    /// Returns the path of the record of `install`.
    pub fn setup(&self) -> PathBuf {
        self.config.join("setup.json")
    }
}

/// Returns the path of the first program of this name in the folders of `PATH`.
pub fn find_program(name: &str) -> Option<PathBuf> {
    programs(name).into_iter().next()
}

/// Returns the paths of every program of this name in the folders of `PATH`, in their order.
pub fn programs(name: &str) -> Vec<PathBuf> {
    let Some(folders) = env::var_os("PATH") else { return Vec::new() };
    let name = format!("{name}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&folders).map(|folder| folder.join(&name)).filter(|path| path.is_file()).collect()
}

/// Returns the path of the first executable program of this name in the absolute folders of `PATH`. Without `PATH`,
/// they are those of the C library.
#[cfg(unix)]
pub fn find_executable(name: &OsStr) -> Option<PathBuf> {
    let folders = env::var_os("PATH").unwrap_or_else(|| USUAL_FOLDERS.into());
    let mut paths = env::split_paths(&folders).filter(|folder| folder.is_absolute());
    paths.find_map(|folder| Some(folder.join(name)).filter(|path| is_executable(path)))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

/// Returns the command that was called, for a hint that adds an option to it.
pub fn command_line() -> String {
    let args = env::args_os().skip(1).map(|arg| quoted(&arg.to_string_lossy()).into_owned());
    std::iter::once(program().to_owned()).chain(args).collect::<Vec<_>>().join(" ")
}

/// Returns the absolute path of the running program.
pub fn this_program() -> Result<PathBuf, EnvError> {
    // Without `/proc`, as in a chroot, Linux does not tell.
    env::current_exe().or_else(|error| {
        let called = env::args_os().next().and_then(|name| called_program(Path::new(&name), find_program));
        called.ok_or(EnvError::Program(error))
    })
}

/// Returns the absolute path of a program from the name of its call, as a shell finds it.
fn called_program(name: &Path, find_in_path: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let has_folder = name.parent().is_some_and(|folder| !folder.as_os_str().is_empty());
    let path = if has_folder { name.to_owned() } else { find_in_path(name.to_str()?)? };
    // A folder of PATH may be relative.
    std::path::absolute(path).ok().filter(|path| path.is_file())
}

/// Returns the user's home: as in Docker, from the environment, else from the user database.
#[cfg(unix)]
pub fn home() -> Result<PathBuf, EnvError> {
    let home = path("HOME").or_else(registered_home).ok_or(EnvError::NoHome)?;
    if home == Path::new(NO_HOME) { Err(EnvError::NoHome) } else { absolute("HOME", home) }
}

/// Returns the user's home.
#[cfg(not(unix))]
pub fn home() -> Result<PathBuf, EnvError> {
    absolute("HOME", etcetera::home_dir().map_err(|_| EnvError::NoHome)?)
}

/// Returns the home in the user database, unless it cannot be the home of this user.
///
/// The standard library asks the C library, which also knows users of a network. But for an empty `HOME` it returns
/// just that, so the file is read too.
#[cfg(unix)]
#[cold]
fn registered_home() -> Option<PathBuf> {
    let is_folder = |home: &PathBuf| home.is_absolute() && home.parent().is_some();
    if !user_namespace::is_id_unmapped() {
        return None;
    }
    env::home_dir().filter(is_folder).or_else(user_database::home).filter(is_folder)
}

/// Returns the path of Docker's own configuration file:
/// <https://docs.docker.com/reference/cli/docker/#change-the-docker-directory>.
pub fn docker_config() -> Result<PathBuf, EnvError> {
    let folder = match path("DOCKER_CONFIG") {
        // As in Docker, a relative path starts at the working directory.
        Some(folder) => working_directory()?.join(folder),
        None => home()?.join(".docker"),
    };
    Ok(folder.join("config.json"))
}

/// Returns Docker's configuration folder, absolute and without links, if `DOCKER_CONFIG` names an existing folder other
/// than `~/.docker`.
pub fn other_docker_folder() -> Option<PathBuf> {
    let folder = fs::canonicalize(path("DOCKER_CONFIG")?).ok().filter(|folder| folder.is_dir())?;
    let usual = home().ok().and_then(|home| fs::canonicalize(home.join(".docker")).ok());
    (usual.as_ref() != Some(&folder)).then_some(folder)
}

/// Returns the path of the file in which podman, skopeo and buildah keep logins:
/// <https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md>.
pub fn podman_auth() -> Result<PathBuf, EnvError> {
    if let Some(file) = path("REGISTRY_AUTH_FILE") {
        return Ok(working_directory()?.join(file));
    }
    podman_auth_of_session()
}

/// Without a session, root has a fixed file, and the file of other users depends on their user namespace.
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

/// Returns podman's own files with logins, in the order in which it reads them: that of the session, and the one that
/// outlasts it.
pub fn podman_own_files() -> Result<Vec<PathBuf>, EnvError> {
    if let Some(file) = path("REGISTRY_AUTH_FILE") {
        return Ok(vec![working_directory()?.join(file)]);
    }
    let lasting = containers_folder()?.join("auth.json");
    Ok(match podman_auth() {
        Ok(session) if session != lasting => vec![session, lasting],
        Ok(_) | Err(EnvError::NoPodmanFile) => vec![lasting],
        Err(error) => return Err(error),
    })
}

/// Returns the files and folders in which podman finds `registries.conf`, the one that counts last at the end:
/// <https://github.com/containers/image/blob/main/docs/containers-registries.conf.d.5.md>.
pub fn registries_conf_files() -> Vec<PathBuf> {
    let mut files = match path("CONTAINERS_REGISTRIES_CONF") {
        Some(file) => return vec![file],
        None => vec![PathBuf::from("/etc/containers/registries.conf.d")],
    };
    let own = containers_folder().unwrap_or_default();
    let main = Some(own.join("registries.conf")).filter(|file| file.is_file());
    files.insert(0, main.unwrap_or_else(|| PathBuf::from("/etc/containers/registries.conf")));
    files.push(own.join("registries.conf.d"));
    files
}

/// Returns the folder of podman's lasting configuration.
fn containers_folder() -> Result<PathBuf, EnvError> {
    let folder = path("XDG_CONFIG_HOME").filter(|folder| folder.is_absolute());
    Ok(folder.map_or_else(|| home().map(|home| home.join(".config")), Ok)?.join("containers"))
}

/// Returns the current time, to the second.
pub fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX))
}

/// Returns the shell that asks for completions, if one does.
pub fn completing_shell() -> Option<OsString> {
    env::var_os(COMPLETE).filter(|shell| !shell.is_empty())
}

/// Formats a path with the user's home as `~`.
pub fn tilde(path: &Path) -> String {
    // Below `/`, everything would be at home.
    let home = home().ok().filter(|home| home.parent().is_some());
    match home.and_then(|home| path.strip_prefix(home).ok().map(Path::to_owned)) {
        Some(below) if cfg!(unix) => format!("~/{}", below.display()),
        Some(_) | None => path.display().to_string(),
    }
}

/// Returns the text of a variable, unless it is empty.
pub fn text(variable: &'static str) -> Result<Option<String>, EnvError> {
    let text = env::var_os(variable).filter(|value| !value.is_empty()).map(OsString::into_string);
    text.transpose().map_err(|_| EnvError::NotText { variable })
}

/// Returns the path of the file with the vault's passphrase, if the variable for it is set.
pub fn passphrase_file() -> Option<PathBuf> {
    path(PASSPHRASE_FILE)
}

/// True when this process was started by a command that prints the vault's key.
pub fn is_key_wanted() -> bool {
    path(KEY_WANTED).is_some()
}

/// True when the usage log is off. Any value but `off` has no effect.
pub fn is_usage_off() -> bool {
    env::var_os(USAGE).is_some_and(|value| value == "off")
}

/// Returns the folder in which systemd passes credentials to a service: <https://systemd.io/CREDENTIALS/>.
pub fn credentials_directory() -> Option<PathBuf> {
    path("CREDENTIALS_DIRECTORY").filter(|folder| folder.is_absolute())
}

/// True when there may be a desktop on which a person can be asked.
pub fn has_desktop() -> bool {
    cfg!(any(windows, target_os = "macos"))
        || ["DISPLAY", "WAYLAND_DISPLAY"].into_iter().any(|name| path(name).is_some())
}

/// True when a session bus may lead to a keyring: <https://dbus.freedesktop.org/doc/dbus-specification.html>.
pub fn has_session_bus() -> bool {
    let has_default_bus = || path("XDG_RUNTIME_DIR").is_some_and(|folder| folder.join("bus").exists());
    cfg!(any(windows, target_os = "macos")) || path("DBUS_SESSION_BUS_ADDRESS").is_some() || has_default_bus()
}

/// True when the variable is set from which docker CLIs since 28.3 read logins.
pub fn is_auth_config_set() -> bool {
    path("DOCKER_AUTH_CONFIG").is_some()
}

/// Returns the absolute path of the working directory.
pub fn working_directory() -> Result<PathBuf, EnvError> {
    env::current_dir().map_err(EnvError::WorkingDirectory)
}

/// Returns the path in a variable, unless it is empty.
pub fn path(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Returns the path in a variable of <https://specifications.freedesktop.org/basedir-spec/latest/>, in which a
/// relative path does not count.
fn absolute_path(variable: &str) -> Option<PathBuf> {
    path(variable).filter(|folder| folder.is_absolute())
}

fn absolute(variable: &'static str, path: PathBuf) -> Result<PathBuf, EnvError> {
    if path.is_absolute() { Ok(path) } else { Err(EnvError::Relative { variable, path }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_called_program_is_found_by_its_folder_or_in_path() {
        let root = tempfile::tempdir().expect("a folder");
        let file = root.path().join("program");
        fs::write(&file, "").expect("a file");
        let in_path = |name: &str| (name == "program").then(|| file.clone());
        for (name, want) in [
            (file.to_str().expect("UTF-8"), Some(file.clone())),
            ("program", Some(file.clone())),
            ("Cargo.toml", None),
            ("./Cargo.toml", Some(env::current_dir().expect("a folder").join("Cargo.toml"))),
            ("/no/such/program", None),
            ("./program", None),
            ("other", None),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(called_program(Path::new(name), in_path), want, "{name:?}");
        }
    }
}
