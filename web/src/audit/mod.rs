//! The worker's side: one audit after the other, fed from a file or a stream, told to the page as it goes.

mod colleagues;
mod digest;
mod source;
mod stretch;
mod stretches;

use countersign_core::checkpoint::{KeyError, VerifyingKey};
use countersign_core::{Options, Report, Step, Unreadable, Verifier};
use js_sys::{Date, global};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use crate::fingerprint::{Comparison, Fingerprint, Key, Seen};
use crate::protocol::{BUILD, News, Order, Progress, Refused};
use crate::trusted::Brought;
use colleagues::Colleagues;
use source::{Source, cause};
use stretches::Stretches;

/// Most bytes that are taken over into this module's memory at once.
const CHUNK: usize = 1 << 20;
/// Least time between two pieces of news on progress, in milliseconds.
const NEWS_EVERY_MS: f64 = 100.0;

/// Listens for orders, and says that it does.
pub fn run() {
    std::panic::set_hook(Box::new(|panic| {
        console_error_panic_hook::hook(panic);
        tell(&News::Crashed { message: panic.to_string() });
    }));
    let listener = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| receive(event.data()));
    scope().set_onmessage(Some(listener.as_ref().unchecked_ref()));
    listener.forget();
    tell(&News::Ready { build: BUILD.to_owned() });
}

fn receive(data: JsValue) {
    match serde_wasm_bindgen::from_value::<Order>(data) {
        Ok(order) => spawn_local(carry_out(order)),
        Err(error) => tell(&News::Crashed { message: format!("an order was not understood: {error}") }),
    }
}

async fn carry_out(order: Order) {
    match order {
        Order::File { file, name, brought } => audit(name, &brought, async { Ok(Source::of(file)) }).await,
        Order::Address { url, name, brought } => audit(name, &brought, Source::open(&url)).await,
        Order::Stretch { lines, context, key } => stretch::answer(&lines, &context, key).await,
    }
}

async fn audit(name: String, brought: &Brought, source: impl Future<Output = Result<Source, JsValue>>) {
    let mut audit = match Audit::new(name, brought) {
        Ok(audit) => audit,
        Err(error) => return tell(&News::Crashed { message: format!("a key was not understood: {error}") }),
    };
    let mut fingerprint = match scope().crypto().and_then(|crypto| Key::draw(&crypto)) {
        Ok(key) => Fingerprint::new(key),
        Err(reason) => return tell(&News::Crashed { message: cause(&reason) }),
    };
    let mut source = match source.await {
        Ok(source) => source,
        Err(reason) => return tell(&audit.refused(&cannot_read(reason), None)),
    };
    match audit.run(&mut source, &mut fingerprint).await {
        Ok(report) => {
            tell(&News::Verdict(Box::new(report)));
            digest::tell_input_hash(&mut source, fingerprint.again()).await;
        }
        Err(unreadable) => tell(&audit.refused(&unreadable, source.total())),
    }
}

/// One audit under way.
struct Audit {
    name: String,
    options: Options,
    began: f64,
    pass_began: f64,
    last_news: f64,
    opening: Vec<u8>,
}

impl Audit {
    fn new(name: String, brought: &Brought) -> Result<Self, KeyError> {
        let now = now();
        let options = options(&name, brought)?;
        Ok(Self { name, options, began: now, pass_began: now, last_news: now, opening: Vec::new() })
    }

    /// Every reading after the first is held to the bytes of the first: of a mixture there is no verdict.
    async fn run(&mut self, source: &mut Source, fingerprint: &mut Fingerprint) -> Result<Report, Unreadable> {
        let mut verifier = Verifier::new(self.options.clone());
        self.share(&mut verifier, source, fingerprint).await?;
        let mut step = self.read(verifier, source, |bytes| fingerprint.see(bytes)).await?;
        loop {
            verifier = match step {
                Step::Done(report) => return Ok(report.timed(unix_ms(), now() - self.began)),
                Step::ReadAgain(again) => again,
            };
            source.rewind().map_err(cannot_read)?;
            self.pass_began = now();
            let mut comparison = fingerprint.again();
            step = self.read(verifier, source, |bytes| comparison.see(bytes)).await?;
            hold(&comparison).map_err(cannot_read)?;
        }
    }

    /// Has colleagues take most of a large file, and leaves the source where they ended.
    async fn share(
        &mut self,
        verifier: &mut Verifier,
        source: &mut Source,
        fingerprint: &mut Fingerprint,
    ) -> Result<(), Unreadable> {
        let Source::Blob(file, _) = source else { return Ok(()) };
        let (file, total) = (file.clone(), source.total());
        let Some(mut stretches) = Stretches::of(&file) else { return Ok(()) };
        let (opening, lines) = stretches.opening().await.map_err(cannot_read)?;
        self.opening = opening.iter().copied().take(Refused::OPENING as usize).collect();
        verifier.push(&opening[..lines])?;
        fingerprint.see(&opening[..lines]);
        if let Some(context) = verifier.shared() {
            let mut colleagues = Colleagues::call(&context, fingerprint.key());
            while let Some(done) = colleagues.next(&mut stretches).await.map_err(cannot_read)? {
                fingerprint.join(done.bytes, done.print);
                verifier.join(*done.segment, done.bytes);
                self.tell_progress(verifier, total);
            }
        }
        source.go_to(stretches.place()).map_err(cannot_read)
    }

    /// One reading of the input, from where it is to its end, of which `see` sees every byte.
    async fn read(
        &mut self,
        mut verifier: Verifier,
        source: &mut Source,
        mut see: impl FnMut(&[u8]),
    ) -> Result<Step, Unreadable> {
        let mut chunk = vec![0; CHUNK];
        while let Some(mut piece) = source.next().await.map_err(cannot_read)? {
            if self.opening.is_empty() {
                self.opening = piece.opening();
            }
            while verifier.read(&mut Seen(&mut piece, &mut see), &mut chunk)? > 0 {}
            self.tell_progress(&verifier, source.total());
        }
        verifier.finish()
    }

    fn tell_progress(&mut self, verifier: &Verifier, total: Option<u64>) {
        let now = now();
        if now - self.last_news < NEWS_EVERY_MS {
            return;
        }
        self.last_news = now;
        let made = verifier.progress();
        tell(&News::Progress(Progress {
            pass: made.pass,
            bytes: made.bytes,
            total,
            entries: made.entries,
            elapsed_ms: now - self.pass_began,
        }));
    }

    fn refused(&self, unreadable: &Unreadable, bytes: Option<u64>) -> News {
        News::Refused(Refused {
            code: unreadable.code().to_owned(),
            message: unreadable.to_string(),
            name: self.name.clone(),
            bytes,
            opening: self.opening.clone(),
        })
    }
}

/// An error where another reading was not of what was verified.
fn hold(comparison: &Comparison) -> Result<(), JsValue> {
    match comparison.is_same() {
        true => Ok(()),
        false => Err(JsValue::from_str("it was changed, or replaced by another, while it was open here")),
    }
}

/// What the audit is told. The page has read the keys before.
fn options(name: &str, brought: &Brought) -> Result<Options, KeyError> {
    let keys = |texts: &[String]| texts.iter().map(|text| text.parse()).collect::<Result<Vec<VerifyingKey>, _>>();
    Ok(Options {
        name: Some(name.to_owned()),
        input_hash: false,
        keys: keys(&brought.keys)?,
        witnesses: keys(&brought.witnesses)?,
        checkpoints: brought.checkpoints.clone(),
        taxes: brought.taxes.clone(),
        ..Options::default()
    })
}

#[expect(clippy::needless_pass_by_value, reason = "used as `map_err(cannot_read)`")]
fn cannot_read(reason: JsValue) -> Unreadable {
    Unreadable::Io(std::io::Error::other(cause(&reason)))
}

fn scope() -> DedicatedWorkerGlobalScope {
    global().unchecked_into()
}

/// Says something to the page. Where even that fails there is nobody left to tell.
fn tell(news: &News) {
    if let Ok(text) = serde_json::to_string(news) {
        let _ = scope().post_message(&JsValue::from_str(&text));
    }
}

/// Milliseconds on a clock that never goes back.
fn now() -> f64 {
    scope().performance().map_or_else(Date::now, |clock| clock.now())
}

#[expect(clippy::cast_possible_truncation, reason = "whole milliseconds since 1970")]
fn unix_ms() -> i64 {
    Date::now() as i64
}
