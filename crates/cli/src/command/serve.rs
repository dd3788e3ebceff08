//! `countersign serve`: the ledger over HTTP, until it is told to stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args};
use countersign_engine::notary::Signer;
use countersign_engine::stamps::SystemStamps;
use countersign_engine::watch::Guard;
use countersign_engine::{Engine, Parts};
use countersign_server::{Config, Ledger, Server};
use countersign_store::{Store, StoreError};

use super::export::KeyArguments;
use super::log::LogArguments;
use super::settings::{Settings, Source};
use super::watch::WatchArguments;
use super::{Failure, Outcome, interrupt, ledger, log, screen};

#[derive(Args, Debug)]
#[command(after_help = "It listens on this machine alone, reads only, and lets nobody in without a token, unless \
                        [server] in the settings says otherwise. Tokens are made by `countersign token new`.")]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Where to listen [default: 127.0.0.1:8787]
    #[arg(long, value_name = "ADDRESS:PORT", env = "COUNTERSIGN_LISTEN")]
    listen: Option<SocketAddr>,
    /// The built dashboard, to be served at /
    #[arg(long, value_name = "DIR", env = "COUNTERSIGN_PAGE")]
    page: Option<PathBuf>,
    /// Take orders too
    #[arg(long)]
    writable: bool,
    /// Audit the ledger on schedule as well, as `countersign watch` does
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    watching: WatchArguments,
    #[command(flatten)]
    keys: KeyArguments,
    #[command(flatten)]
    log: LogArguments,
}

/// A flag that does nothing beside the others. What the environment or the file says is not told: both may be shared with a
/// watch of its own.
pub(super) fn unused(matches: &ArgMatches) -> Option<String> {
    if matches.get_flag("watch") {
        return None;
    }
    let given = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
    let flags = [("watch_folder", "--watch-folder"), ("replica", "--replica")];
    let (_, flag) = flags.into_iter().find(|(id, _)| given(id))?;
    Some(format!("{flag} is of no use without --watch"))
}

/// How long threads that read for somebody who is gone are waited for.
const LEFTOVERS: Duration = Duration::from_secs(1);

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let (settings, location) = ledger::locate(&arguments.source)?;
    arguments.log.start()?;
    let config = arguments.config(&settings);
    // What is signed is kept, and a watch must be able to halt.
    let writes = config.writable || arguments.keys.are_named(&settings);
    let store = match arguments.watch && !writes {
        true => ledger::open_to_halt(&location, &settings)?,
        false => ledger::open(&location, &settings, writes)?,
    };
    ledger::warn_unprotected(&*store)?;
    let keys = arguments.keys.read(&settings, &store.identity().ledger)?;
    let signer = keys.map(|keys| Arc::new(keys) as Arc<dyn Signer>);
    let served = serve(config.writable, &store, &settings, signer.clone())?;
    let guard = arguments.guard(&store, &settings, &served)?;
    let runtime = interrupt::runtime()?;
    let within = runtime.enter();
    let server = Server::bind(config, served, signer).map_err(|e| Failure::of(e.to_string()))?;
    drop(within);
    let server = server.with_log(log::lost);
    let server = match guard {
        Some(guard) => server.with_watch(move || guard.metrics()),
        None => server,
    };
    screen::print(&format!("http://{}/\n", server.local_addr()?))?;
    let stop = async {
        // Where signals cannot be waited for, the server stops at once, and says so.
        if let Err(error) = interrupt::wait().await {
            tracing::error!(%error, "signals cannot be waited for");
        }
    };
    let served = runtime.block_on(server.run(stop));
    // Who still reads was cut off; what reads for him ends with the process.
    runtime.shutdown_timeout(LEFTOVERS);
    served.map_err(|e| Failure::of(e.to_string()))?;
    Ok(Outcome::Good)
}

/// A server that takes orders and can write none would look as if it could.
fn can_be_written(store: &dyn Store) -> Result<(), Failure> {
    match store.try_commit() {
        // Who writes meanwhile is only waited for.
        Ok(()) | Err(StoreError::Version(_) | StoreError::Busy { .. }) => Ok(()),
        Err(error) => {
            let failure = Failure::from(error);
            Err(Failure { why: format!("--writable: the ledger cannot be written: {}", failure.why), ..failure })
        }
    }
}

fn serve(
    writable: bool,
    store: &Arc<dyn Store>,
    settings: &Settings,
    signer: Option<Arc<dyn Signer>>,
) -> Result<Ledger, Failure> {
    if !writable {
        return Ok(Ledger::ReadOnly(store.clone()));
    }
    can_be_written(&**store)?;
    if signer.is_none()
        && (settings.engine.checkpoint_every_entries > 0 || settings.engine.checkpoint_every_seconds > 0)
    {
        tracing::warn!("checkpoint_every_entries and checkpoint_every_seconds sign nothing: no key is named");
    }
    let parts = Parts { signer, stamps: Box::new(SystemStamps::default()) };
    Ok(Ledger::Engine(Engine::start_with(store.clone(), settings.engine.clone(), parts)?))
}

impl Arguments {
    /// The server's settings, the flags' and the environment's over the file's.
    fn config(&self, settings: &Settings) -> Config {
        let mut config = settings.server.clone();
        config.listen = self.listen.unwrap_or(config.listen);
        config.page = self.page.clone().or(config.page);
        config.writable |= self.writable;
        config
    }

    /// The watch, where it shall be within the server: it halts through the engine.
    fn guard(&self, store: &Arc<dyn Store>, settings: &Settings, served: &Ledger) -> Result<Option<Guard>, Failure> {
        if !self.watch {
            return Ok(None);
        }
        let mut setup = self.watching.setup(store, settings)?;
        if let Ledger::Engine(engine) = served {
            let counting = engine.clone();
            setup.halts = Some(Box::new(engine.clone()));
            setup.commits = Some(Box::new(move || (&counting.metrics()).into()));
        }
        // A server that this one replaces may still be there.
        Guard::post_when_free(setup).map(Some).map_err(|e| Failure::of(e.to_string()))
    }
}
