//! One server: its cluster, its life, and what tests do to it.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::programs::{Programs, done, said};

/// Of the user `postgres`, who is asked for it over TCP.
pub const PASSWORD: &str = "only-for-tests";
/// How long a server may take to start, to stop, or to catch up: a shared machine's disk may stand still for a minute.
const PATIENCE: Duration = Duration::from_secs(180);
/// A port that was free may be taken before the server binds it.
const TRIES: u32 = 5;

/// How a server is set up.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether a commit waits for the disk. Off is quicker; a crash of the machine, which no test makes, is
    /// all that it does not survive.
    pub fsync: bool,
    /// Further settings, `name=value`.
    pub settings: Vec<String>,
}

/// A running server, with its files in a temporary directory. Dropped, it is stopped and they are removed.
#[derive(Debug)]
pub struct Server {
    programs: Programs,
    directory: PathBuf,
    port: u16,
    settings: Vec<String>,
    /// Waits for its input to end, which it does with this process too; then it tidies up.
    keeper: Child,
    databases: AtomicU32,
}

/// The server that all tests of a process share; each makes a database of its own.
///
/// # Panics
/// Where PostgreSQL is not installed or does not start.
pub fn shared() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| Server::start(&Options::default()))
}

impl Server {
    /// Makes a cluster and starts it. Over TCP its users say passwords (SCRAM), on its socket they need none.
    ///
    /// # Panics
    /// Where PostgreSQL is not installed or does not start.
    #[must_use]
    pub fn start(options: &Options) -> Self {
        let (programs, directory) = ground();
        let password = "umask 077; echo \"$1\" > \"$2\"";
        let file = directory.join("password");
        done(shell(&programs, password, &[PASSWORD.as_ref(), &file]));
        let mut initdb = programs.program("initdb");
        initdb.args(["-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"]);
        initdb.args(["--auth-local=trust", "--auth-host=scram-sha-256"]);
        initdb.arg("--pwfile").arg(&file).arg("-D").arg(directory.join("data"));
        done(initdb);
        let mut settings = vec![format!("fsync={}", if options.fsync { "on" } else { "off" })];
        settings.extend(options.settings.iter().cloned());
        Self::launch(programs, directory, settings)
    }

    /// A streaming replica: a hot standby that answers questions and takes no writes.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn replica(&self) -> Self {
        let (programs, directory) = ground();
        let mut copy = programs.program("pg_basebackup");
        copy.args(["-U", "postgres", "-R", "-X", "stream", "--checkpoint=fast", "--no-sync"]);
        copy.arg("-h").arg(&self.directory).arg("-p").arg(self.port.to_string());
        copy.arg("-D").arg(directory.join("data"));
        done(copy);
        Self::launch(programs, directory, self.settings.clone())
    }

    fn launch(programs: Programs, directory: PathBuf, settings: Vec<String>) -> Self {
        let keeper = keeper(&programs, &directory);
        let databases = AtomicU32::new(0);
        let mut server = Self { programs, directory, port: 0, settings, keeper, databases };
        for attempt in 1.. {
            server.port = free_port();
            match server.try_start() {
                Ok(()) => break,
                Err(_) if attempt < TRIES => {}
                Err(why) => panic!("PostgreSQL does not start: {why}"),
            }
        }
        server
    }

    fn try_start(&self) -> Result<(), String> {
        let (data, log) = (self.directory.join("data"), self.directory.join("log"));
        let socket = self.directory.display();
        let mut options = format!("-p {} -k {socket} -c listen_addresses=127.0.0.1", self.port);
        self.settings.iter().for_each(|setting| options.push_str(&format!(" -c {setting}")));
        let mut start = self.programs.program("pg_ctl");
        start.args(["-s", "-w", "-t", &patience(), "-o", &options]);
        start.arg("-D").arg(data).arg("-l").arg(&log).arg("start");
        // Its output would be held open by the server.
        let status = start.stdout(Stdio::null()).stderr(Stdio::null()).status().map_err(|error| error.to_string())?;
        if status.success() { Ok(()) } else { Err(fs::read_to_string(&log).unwrap_or_default()) }
    }

    /// Starts it again after [`Server::stop`] or [`Server::kill`], at the same address.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn start_again(&self) {
        let begun = Instant::now();
        // Processes of the one that was killed may still be on their way out.
        while let Err(why) = self.try_start() {
            assert!(begun.elapsed() < PATIENCE, "PostgreSQL does not start again: {why}");
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Stops it in order; whoever is connected loses the connection.
    ///
    /// # Panics
    /// Where it does not stop.
    pub fn stop(&self) {
        let mut stop = self.programs.program("pg_ctl");
        stop.args(["-s", "-w", "-m", "fast", "-t", &patience()]).arg("-D").arg(self.directory.join("data")).arg("stop");
        done(stop);
    }

    /// Kills it (SIGKILL) with all processes of its own, as a crash would.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn kill(&self) {
        let pid = fs::read_to_string(self.directory.join("data/postmaster.pid"));
        let pid = pid.ok().and_then(|text| text.lines().next().map(str::to_owned)).expect("a running server");
        done(shell(&self.programs, "kill -9 $(ps -o pid= --ppid \"$1\") \"$1\" || true", &[Path::new(&pid)]));
    }

    /// A new database; its name.
    ///
    /// # Panics
    /// Where the server does not make it.
    pub fn new_database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// The address of a database over TCP, for the superuser.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.url_of("postgres", PASSWORD, database)
    }

    /// The address of a database over TCP, for some user.
    #[must_use]
    pub fn url_of(&self, user: &str, password: &str, database: &str) -> String {
        format!("postgres://{user}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// The address of a database on the server's socket, for some user.
    #[must_use]
    pub fn socket_url(&self, user: &str, database: &str) -> String {
        let host = self.directory.display().to_string().replace('/', "%2F");
        format!("postgres://{user}@{host}:{}/{database}", self.port)
    }

    /// Says something to the server as the superuser; what it answers, columns parted by `|`.
    ///
    /// # Panics
    /// Where it answers with an error.
    pub fn sql(&self, database: &str, text: &str) -> String {
        self.try_sql("postgres", database, text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// Says something to the server as some user.
    ///
    /// # Errors
    /// What `psql` said.
    pub fn try_sql(&self, user: &str, database: &str, text: &str) -> Result<String, String> {
        let mut psql = self.programs.program("psql");
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose"]);
        psql.args(["-U", user, "-d", database, "-c", text]).arg("-p").arg(self.port.to_string());
        let output = psql.arg("-h").arg(&self.directory).output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(said(&output));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    /// Waits until a replica has everything that this server has written so far.
    ///
    /// # Panics
    /// Where it takes too long.
    pub fn wait_for(&self, replica: &Self) {
        let written = self.sql("postgres", "SELECT pg_current_wal_flush_lsn()");
        let caught_up = format!("SELECT pg_last_wal_replay_lsn() >= '{written}'");
        let begun = Instant::now();
        while replica.sql("postgres", &caught_up) != "t" {
            assert!(begun.elapsed() < PATIENCE, "the replica did not catch up");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Where its files are; its user's own.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Writes a file that the server may read and nobody else.
    ///
    /// # Panics
    /// Where that fails.
    pub fn write_file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.directory.join(name);
        done(shell(&self.programs, "umask 077; printf %s \"$1\" > \"$2\"", &[Path::new(content), &path]));
        path
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // Nothing can be done about a keeper that is gone.
        let _ = self.keeper.wait();
    }
}

/// The programs, and a new directory that belongs to whoever runs them.
fn ground() -> (Programs, PathBuf) {
    let programs = Programs::find();
    let mut mktemp = programs.command(Path::new("mktemp"));
    mktemp.args(["-d", "-t", "countersign-XXXXXXXX"]);
    let directory = PathBuf::from(done(mktemp));
    (programs, directory)
}

fn keeper(programs: &Programs, directory: &Path) -> Child {
    let tidy =
        "read -r _; [ -e \"$1/data/postmaster.pid\" ] && \"$2\" -s -m immediate -D \"$1/data\" stop; rm -rf \"$1\"";
    let mut keeper = shell(programs, tidy, &[directory, &programs.path("pg_ctl")]);
    // In a group of its own: what interrupts the tests from the keyboard leaves it its work.
    keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    keeper.spawn().unwrap_or_else(|error| panic!("{keeper:?}: {error}"))
}

fn shell(programs: &Programs, script: &str, arguments: &[&Path]) -> Command {
    let mut command = programs.command(Path::new("sh"));
    command.args(["-c", script, "sh"]).args(arguments);
    command
}

/// [`PATIENCE`] as `pg_ctl` is told it, in seconds.
fn patience() -> String {
    PATIENCE.as_secs().to_string()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port on loopback");
    listener.local_addr().expect("its address").port()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_starts_crashes_comes_back_and_leaves_nothing() {
        let server = Server::start(&Options { fsync: true, settings: vec![] });
        let database = server.new_database();
        server.sql(&database, "CREATE TABLE t AS SELECT 7 AS n");
        server.kill();
        assert!(server.try_sql("postgres", &database, "SELECT 1").is_err());
        server.start_again();
        let replica = server.replica();
        server.sql(&database, "UPDATE t SET n = 8");
        server.wait_for(&replica);
        assert_eq!(replica.sql(&database, "SELECT n, pg_is_in_recovery() FROM t"), "8|t");
        let refused = replica.try_sql("postgres", &database, "UPDATE t SET n = 9").unwrap_err();
        assert!(refused.contains("25006"), "{refused}");
        let directories = [server.directory().to_owned(), replica.directory().to_owned()];
        drop((replica, server));
        assert!(directories.iter().all(|directory| !directory.exists()));
    }
}
