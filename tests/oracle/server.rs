//! PostgreSQL servers for the time of a test: found, started as a user that is
//! not root, on a socket in a folder of their own.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use postgres::{Client, Config, NoTls};
use tempfile::TempDir;

/// A server's programs.
#[derive(Clone, Debug)]
pub struct Programs {
    folder: PathBuf,
    /// The major version.
    pub version: u8,
}

impl Programs {
    /// One of each version: those that `BOWLINE_POSTGRES_BIN` names (folders
    /// between colons; each with the programs, or an unpacked npm package), or
    /// else what stands on the `PATH` and where Debian keeps it.
    pub fn find() -> Vec<Self> {
        let folders: Vec<PathBuf> = match env::var_os("BOWLINE_POSTGRES_BIN") {
            Some(named) => env::split_paths(&named).collect(),
            None => {
                let path = env::var_os("PATH").unwrap_or_default();
                let kept = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
                let kept = kept.flatten().map(|entry| entry.path().join("bin"));
                env::split_paths(&path).chain(kept).collect()
            }
        };
        let mut found: Vec<Self> = folders.iter().filter_map(|f| Self::at(f)).collect();
        found.sort_by_key(|programs| programs.version);
        found.dedup_by_key(|programs| programs.version);
        found
    }

    fn at(folder: &Path) -> Option<Self> {
        let inside = ["", "bin", "native/bin", "package/native/bin"];
        let folder = inside
            .iter()
            .map(|below| folder.join(below))
            .find(|folder| folder.join("postgres").exists() && folder.join("initdb").exists())?;
        let output = Command::new(folder.join("postgres"))
            .arg("--version")
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let number = text
            .split_whitespace()
            .find(|word| word.starts_with(char::is_numeric))?;
        let version = number.split('.').next()?.parse().ok()?;
        Some(Self { folder, version })
    }

    /// A command that runs one of the programs; root gives its rights away, as
    /// the server wants.
    fn command(&self, program: &str, account: Option<&str>) -> Command {
        let program = self.folder.join(program);
        match account {
            None => Command::new(program),
            Some(account) => {
                let mut command = Command::new("setpriv");
                let [user, group] = ["--reuid", "--regid"].map(|flag| format!("{flag}={account}"));
                command.args([&user, &group, "--clear-groups"]).arg(program);
                command
            }
        }
    }
}

/// A running server; gone with its files when it is dropped.
pub struct Server {
    programs: Programs,
    account: Option<&'static str>,
    folder: TempDir,
}

/// Commits wait for a standby that does not exist where a session asks for it,
/// so that one can look at what a transaction holds at its end.
const SETTINGS: &str = "
listen_addresses = ''
fsync = off
full_page_writes = off
autovacuum = off
jit = off
statement_timeout = '20s'
timezone = 'UTC'
shared_buffers = '64MB'
max_connections = 20
max_prepared_transactions = 5
synchronous_commit = local
synchronous_standby_names = 'nobody'
lc_messages = 'C'
log_min_messages = panic
";

impl Server {
    pub fn start(programs: &Programs) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let account = is_root().then_some("65534");
        let server = Self {
            programs: programs.clone(),
            account,
            folder,
        };
        if let Some(account) = account {
            let owner = format!("{account}:{account}");
            run(Command::new("chown").arg(owner).arg(server.folder.path()));
        }
        run(server
            .command("initdb")
            .args(["--no-sync", "--auth=trust", "--username=postgres"])
            .args(["--encoding=UTF8", "--locale=C", "--pgdata"])
            .arg(server.data()));
        let file = server.data().join("postgresql.conf");
        let settings = fs::read_to_string(&file).unwrap() + SETTINGS;
        let socket = format!(
            "unix_socket_directories = '{}'",
            server.folder.path().display()
        );
        fs::write(&file, settings + &socket).unwrap();
        run(server.control("start").args(["--wait", "--log=/dev/null"]));
        server
    }

    pub fn version(&self) -> u8 {
        self.programs.version
    }

    /// Where a folder of [`Server::folder`] is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A folder that the server may write.
    pub fn folder(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        fs::create_dir(&folder).unwrap();
        if let Some(account) = self.account {
            run(Command::new("chown").arg(account).arg(&folder));
        }
        folder
    }

    pub fn connect(&self, database: &str) -> Client {
        Config::new()
            .host_path(self.folder.path())
            .user("postgres")
            .dbname(database)
            .notice_callback(|_| {})
            .connect(NoTls)
            .unwrap()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = self.programs.command(program, self.account);
        command.current_dir(self.folder.path());
        command
    }

    fn control(&self, order: &str) -> Command {
        let mut command = self.command("pg_ctl");
        command.arg(order).arg("--pgdata").arg(self.data());
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its folder goes in any case, and with it the socket.
        let _ = self.control("stop").args(["--mode=immediate"]).output();
    }
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Runs a command that has to succeed. What it starts keeps no pipe of ours.
fn run(command: &mut Command) {
    let status = command
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status();
    let succeeded = status.as_ref().is_ok_and(std::process::ExitStatus::success);
    assert!(succeeded, "{command:?}: {status:?}");
}
