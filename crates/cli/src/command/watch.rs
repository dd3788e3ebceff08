//! `countersign watch`: the ledger audited on schedule, halted on a finding, and whoever must know told.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use countersign_core::checkpoint::VerifyingKey;
use countersign_engine::watch::{Audit, AuditResult, Guard, Kind, Setup, Watch, tell_unaudited};
use countersign_store::{Location, Store, Wanted};
use serde::Serialize;

use super::log::LogArguments;
use super::screen::{grouped, plain};
use super::settings::{Settings, Source};
use super::{Failure, Outcome, answer, interrupt, ledger, screen};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    watching: WatchArguments,
    /// Audit what is new, once and at once, and say what came of it
    #[arg(long)]
    once: bool,
    /// With --once: audit everything
    #[arg(long, requires = "once")]
    full: bool,
    /// Set the saved state aside first: once you know why it contradicts the ledger
    #[arg(long)]
    start_over: bool,
    /// With --once: print as JSON
    #[arg(long, requires = "once")]
    json: bool,
    #[command(flatten)]
    log: LogArguments,
}

/// What every watch needs.
#[derive(Args)]
pub(super) struct WatchArguments {
    /// The watch's own directory, which whoever writes the ledger should not write
    #[arg(long, value_name = "DIR", env = "COUNTERSIGN_WATCH_FOLDER")]
    watch_folder: Option<PathBuf>,
    /// A replica, to be audited in the ledger's stead
    #[arg(long, value_name = "URL", env = "COUNTERSIGN_REPLICA", hide_env_values = true)]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    replica: Option<String>,
}

impl std::fmt::Debug for WatchArguments {
    /// Without the address: a password may stand in it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WatchArguments").field("watch_folder", &self.watch_folder).finish_non_exhaustive()
    }
}

impl WatchArguments {
    /// The ledger, of which a watch writes nothing but a halt, and what the watch is made of.
    fn open(&self, location: &Location, settings: &Settings) -> Result<(Arc<dyn Store>, Setup), Failure> {
        let store = ledger::open_to_halt(location, settings)?;
        let setup = self.setup(&store, settings)?;
        Ok((store, setup))
    }

    /// Whoever must know is told that nothing is audited, where it is known by what channels; who runs the command sees
    /// the failure itself.
    fn tell_unaudited(&self, location: &Location, settings: &Settings, failure: &Failure) {
        let Some(folder) = self.folder(settings) else { return };
        let ledger = settings.ledger.clone().unwrap_or_else(|| ledger::shown(location));
        let environment = |name: &str| std::env::var(name).ok();
        if let Err(error) = tell_unaudited(folder, &settings.watch, environment, &ledger, &failure.why) {
            tracing::error!("nobody could be told: {error}");
        }
    }

    fn folder<'a>(&'a self, settings: &'a Settings) -> Option<&'a PathBuf> {
        self.watch_folder.as_ref().or(settings.watch_folder.as_ref())
    }

    /// What the watch is made of, the flags' and the environment's over the file's.
    pub(super) fn setup(&self, store: &Arc<dyn Store>, settings: &Settings) -> Result<Setup, Failure> {
        let folder = self.folder(settings).cloned().ok_or_else(|| {
            Failure::of(
                "where does the watch keep what it verified? Say --watch-folder, COUNTERSIGN_WATCH_FOLDER, or \
                         watch_folder in countersign.toml"
                    .to_owned(),
            )
        })?;
        let mut setup = Setup::new(store.clone(), folder, settings.watch.clone());
        if let Some(url) = self.replica.as_ref().or(settings.replica.as_ref()) {
            let location = Location::parse(url).map_err(|e| Failure::new("--replica", e))?;
            setup.replica_at = Some(ledger::shown(&location));
            setup.replica = Some(open_replica(&location, settings)?);
        }
        for key in &settings.verifying_keys {
            setup.keys.push(key.parse::<VerifyingKey>().map_err(|e| Failure::new("verifying_keys", e))?);
        }
        setup.taxes = settings.own_taxes();
        Ok(setup)
    }
}

/// What cannot be done with a replica is not said of the ledger.
fn open_replica(location: &Location, settings: &Settings) -> Result<Arc<dyn Store>, Failure> {
    ledger::open(location, settings, false).map_err(|failure| {
        let why = format!("the replica {}: {}", ledger::shown(location), failure.why);
        Failure { why, ..failure }
    })
}

fn watch(setup: Setup) -> Result<Watch, Failure> {
    Watch::new(setup).map_err(|e| Failure::of(e.to_string()))
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let (settings, location) = ledger::locate(&arguments.source)?;
    arguments.log.start()?;
    let (store, setup) = arguments
        .watching
        .open(&location, &settings)
        .inspect_err(|failure| arguments.watching.tell_unaudited(&location, &settings, failure))?;
    let folder = setup.folder.clone();
    let mut watch = watch(setup)?;
    if arguments.start_over {
        let text = match watch.start_over()? {
            Some(aside) => format!("The saved state is now {}.\n", plain(&aside.display().to_string())),
            None => format!(
                "There is no saved state in {}: the next audit starts from the first entry anyway.\n",
                plain(&folder.display().to_string())
            ),
        };
        // It is set aside, and the audit is due, whoever reads that.
        if screen::print(&text).is_err() {
            tracing::warn!("{}", text.trim_end());
        }
    }
    if arguments.once {
        return once(&mut watch, &*store, arguments);
    }
    let guard = Guard::post(watch)?;
    interrupt::runtime()?.block_on(until_stopped(&guard))
}

/// How often it is looked whether the watch is still there.
const LOOK: Duration = Duration::from_secs(1);

/// Until the process is told to stop; a watch whose thread is gone is no reason to look healthy.
async fn until_stopped(guard: &Guard) -> Result<Outcome, Failure> {
    let gone = async {
        while guard.is_watching() {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::select! {
        stopped = interrupt::wait() => Ok(stopped.map(|()| Outcome::Good)?),
        () = gone => Err(Failure::of("the watch has ended by a fault of its own: nothing is audited any more".to_owned())),
    }
}

/// What an audit came to, whether the ledger is known to be halted after it, and what it could not see.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    result: &'a AuditResult,
    halted: bool,
    /// Whether there was no saved state to hold the ledger against; `None` where there is no verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    without_state: Option<bool>,
}

/// One audit, and its verdict as the exit status.
fn once(watch: &mut Watch, store: &dyn Store, arguments: &Arguments) -> Result<Outcome, Failure> {
    let kind = if arguments.full { Kind::Full } else { Kind::Incremental };
    let audit = watch.audit_now(kind);
    // What stands in the store, since a halt may have failed; where that cannot be read, whether it did.
    let pending = watch.metrics().lock().unwrap_or_else(PoisonError::into_inner).halt_pending;
    let was_halted = audit.as_ref().is_ok_and(|audit| !audit.valid()) && !pending;
    let halted = store.load(&Wanted::default()).map_or(was_halted, |loaded| loaded.head.halt.is_some());
    let shown = match (&audit, watch.results().last()) {
        (audit, Some(result)) if arguments.json => {
            let without_state = audit.as_ref().ok().map(|audit| audit.without_state);
            answer::text(&Told { result, halted, without_state })?
        }
        (Ok(audit), _) => words(audit, halted),
        (Err(_), _) => String::new(),
    };
    screen::print(&shown)?;
    match audit {
        Ok(audit) if audit.valid() => Ok(Outcome::Good),
        Ok(_) => Ok(Outcome::Findings),
        Err(_) if arguments.json => Ok(Outcome::CouldNot),
        Err(error) => Err(Failure::of(error.to_string())),
    }
}

fn words(audit: &Audit, halted: bool) -> String {
    let read = match audit.kind {
        Kind::Incremental => "what is new read",
        Kind::Full => "all of them read",
    };
    let (entries, seconds) = (grouped(audit.entries), audit.took.as_secs_f64());
    if audit.valid() {
        let unseen = match audit.without_state {
            true => {
                "There was no saved state to hold the ledger against: what was dropped or rewritten before now cannot be \
                 seen.\n"
            }
            false => "",
        };
        return format!("Nothing was found in {entries} entries, {read}, in {seconds:.2} s.\n{unseen}");
    }
    let halt = match halted {
        true => "The ledger is halted.",
        false => "THE LEDGER COULD NOT BE HALTED: run `countersign halt`.",
    };
    let mut text = format!("FINDINGS: {} in {entries} entries. {halt}\n\n", audit.findings());
    for (code, message) in audit.found() {
        text.push_str(&format!("  {}: {}\n", plain(&code), plain(message)));
    }
    text
}
