//! What the page knows: where the auditor stands, and what moves him on.

use std::mem::discriminant;
use std::rc::Rc;
use std::sync::Arc;

use countersign_core::Report;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, File, FileList};

use crate::auditor::{Auditors, Hear};
use crate::parts::visible;
use crate::protocol::{News, Order, Progress, Refused};
use crate::trusted::{Brought, Trusted};
use crate::words;

/// What the page is called where nothing is open.
const TITLE: &str = "Countersign: verify a ledger export";

/// Which screen is shown.
#[derive(Clone)]
pub(crate) enum Stage {
    /// Nothing is open.
    Start,
    /// An audit runs.
    Running {
        /// How the input is named.
        name: String,
    },
    /// An audit is done.
    Verdict(Arc<Report>),
    /// The input is no export.
    Refused(Refused),
    /// The verifier itself failed.
    Crashed {
        /// What is known of it.
        message: String,
    },
}

/// The SHA-256 of the input, which comes after the verdict.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum InputHash {
    /// Being computed; the percentage that is done.
    Computing(u64),
    /// 64 hex.
    Known(String),
    /// Why it could not be computed.
    Failed(String),
}

/// The page's state; a handle that is copied freely.
#[derive(Clone, Copy)]
pub(crate) struct Session {
    /// Which screen is shown.
    pub(crate) stage: RwSignal<Stage>,
    /// How far the running audit is.
    pub(crate) progress: RwSignal<Progress>,
    /// Of the verified input.
    pub(crate) input_hash: RwSignal<InputHash>,
    /// Whether the report at hand was saved or printed.
    pub(crate) kept: RwSignal<bool>,
    /// Something to tell above the screen at hand.
    pub(crate) notice: RwSignal<Option<String>>,
    /// What the auditor brings to every audit.
    pub(crate) trusted: Trusted,
    /// What he brought to the one at hand.
    pub(crate) given: RwSignal<Brought>,
    /// What a screen reader is told as it happens.
    pub(crate) announcement: RwSignal<String>,
    auditors: StoredValue<Auditors, LocalStorage>,
}

impl Session {
    /// A page on which nothing is open, with a verifier already starting.
    pub(crate) fn new() -> Self {
        let session = Self {
            stage: RwSignal::new(Stage::Start),
            progress: RwSignal::new(Progress::default()),
            input_hash: RwSignal::new(InputHash::Computing(0)),
            kept: RwSignal::new(false),
            notice: RwSignal::new(None),
            trusted: Trusted::new(),
            given: RwSignal::new(Brought::default()),
            announcement: RwSignal::new(String::new()),
            auditors: StoredValue::new_local(Auditors::default()),
        };
        session.order(Auditors::start);
        session
    }

    /// Whether an audit runs.
    pub(crate) fn is_running(&self) -> bool {
        matches!(*self.stage.read_untracked(), Stage::Running { .. })
    }

    /// Whether leaving the page would end an audit, or lose a report that nobody kept.
    pub(crate) fn would_lose(&self) -> bool {
        match *self.stage.read_untracked() {
            Stage::Running { .. } => true,
            Stage::Verdict(_) => !self.kept.get_untracked(),
            Stage::Start | Stage::Refused(_) | Stage::Crashed { .. } => false,
        }
    }

    /// Takes the one file among those that were picked or dropped.
    pub(crate) fn open_files(self, files: Option<FileList>) {
        let Some(files) = files.filter(|files| files.length() > 0) else { return };
        match files.get(0).filter(|_| files.length() == 1) {
            Some(file) => spawn_local(self.take(file)),
            None => self.tell(words::ONE_FILE.to_owned()),
        }
    }

    /// What an auditor brings to an audit is no export, and leaves standing what is open. All else is audited.
    async fn take(self, file: File) {
        let is_brought = self.trusted.add_file(&file).await.is_ok();
        let is_at_start = matches!(*self.stage.read_untracked(), Stage::Start);
        match (is_brought, self.is_running()) {
            (true, _) => self.tell(words::added(&visible(&file.name()), is_at_start)),
            (false, true) => self.tell(words::BUSY.to_owned()),
            (false, false) => self.open_file(file),
        }
    }

    fn open_file(self, file: File) {
        let name = file.name();
        self.audit(name.clone(), |brought| Order::File { file: Blob::from(file), name, brought });
    }

    /// Audits a file of the page's own origin.
    pub(crate) fn open_address(self, url: String, name: String) {
        self.audit(name.clone(), |brought| Order::Address { url, name, brought });
    }

    fn audit(self, name: String, order: impl FnOnce(Brought) -> Order) {
        let brought = match untrack(|| self.trusted.read()) {
            Ok(brought) => brought,
            // To go on without what cannot be read would be another audit than the one asked for.
            Err(why) => return self.refuse_brought(&why),
        };
        let order = order(brought.clone());
        self.progress.set(Progress::default());
        self.input_hash.set(InputHash::Computing(0));
        self.kept.set(false);
        self.given.set(brought);
        self.enter(Stage::Running { name });
        self.order(|auditors, hear| auditors.give(order, hear));
    }

    fn refuse_brought(self, why: &str) {
        self.enter(Stage::Start);
        self.tell(format!("{} {why}", words::BROUGHT_UNREADABLE));
    }

    /// Says something above the screen at hand, which stays as it is.
    fn tell(self, notice: String) {
        self.announce(notice.clone());
        self.notice.set(Some(notice));
    }

    /// Has a screen reader say something, also where it is what it said last: only a change is heard. Where another
    /// screen stands by then it is late, and left unsaid.
    pub(crate) fn announce(self, what: String) {
        self.announcement.set(String::new());
        let screen = discriminant(&*self.stage.read_untracked());
        request_animation_frame(move || {
            if discriminant(&*self.stage.read_untracked()) == screen {
                self.announcement.set(what);
            }
        });
    }

    /// Stops the audit at once. Nothing of it is kept.
    pub(crate) fn cancel(self) {
        self.start_over();
        self.tell(words::CANCELLED.to_owned());
    }

    /// Back to the start, for another file.
    pub(crate) fn start_over(self) {
        self.enter(Stage::Start);
        self.order(Auditors::stop);
    }

    /// Has something done about the workers, which tell this page of it.
    fn order(self, what: impl FnOnce(&mut Auditors, &Hear) -> Result<(), JsValue>) {
        let hear: Hear = Rc::new(move |news| self.hear(news));
        let done = self.auditors.try_update_value(|auditors| what(auditors, &hear));
        if let Some(Err(reason)) = done {
            self.crash(format!("{reason:?}"));
        }
    }

    fn hear(self, news: News) {
        match news {
            News::Ready { .. } => self.order(Auditors::keep_reserve),
            News::Progress(progress) => self.go_on(progress),
            News::Verdict(report) => self.enter(Stage::Verdict(Arc::new(*report))),
            News::Hashing { bytes, total } => {
                let percent = bytes.saturating_mul(100).checked_div(total).unwrap_or_default();
                self.input_hash.set(InputHash::Computing(percent));
            }
            News::InputHash(hex) => self.input_hash.set(InputHash::Known(hex)),
            News::InputHashFailed(reason) => self.input_hash.set(InputHash::Failed(reason)),
            News::Refused(refused) => self.enter(Stage::Refused(refused)),
            News::NotLoaded => {
                self.enter(Stage::Start);
                self.tell(words::NOT_LOADED.to_owned());
            }
            News::Crashed { message } => self.crash(message),
        }
    }

    fn go_on(self, progress: Progress) {
        let before = self.progress.get_untracked();
        self.progress.set(progress);
        if let Some(heard) = words::heard(&before, &progress) {
            self.announce(heard);
        }
    }

    /// A fault leaves standing what was said before it: a verdict, or the first words of the fault itself.
    fn crash(self, message: String) {
        // Copied out: the stage must not be held while it is changed.
        let stage = self.stage.get_untracked();
        match stage {
            Stage::Verdict(_) => self.input_hash.set(InputHash::Failed(message)),
            Stage::Refused(_) | Stage::Crashed { .. } => {}
            Stage::Start | Stage::Running { .. } => self.enter(Stage::Crashed { message }),
        }
    }

    /// Shows a screen, and leads keyboard and screen reader to its heading, which says what there is to say. What is
    /// printed is named by the title. What was told on the screen before is of that one.
    fn enter(self, stage: Stage) {
        self.notice.set(None);
        self.announcement.set(String::new());
        document().set_title(&title(&stage));
        self.stage.set(stage);
        request_animation_frame(focus_heading);
    }
}

fn title(stage: &Stage) -> String {
    let what = match stage {
        Stage::Start => return TITLE.to_owned(),
        Stage::Running { name } => visible(name),
        Stage::Verdict(report) => {
            let name = visible(report.input.name.as_deref().unwrap_or("ledger"));
            let on = report.verified_at.as_deref().and_then(|at| at.get(..10)).unwrap_or_default();
            format!("{name} – {}, {on}", words::verdict(report).tag)
        }
        Stage::Refused(refused) => format!("{} – not verified", visible(&refused.name)),
        Stage::Crashed { .. } => "Not verified".to_owned(),
    };
    format!("{what} – {TITLE}")
}

fn focus_heading() {
    window().scroll_to_with_x_and_y(0.0, 0.0);
    let heading = document().query_selector("main h1").ok().flatten();
    if let Some(heading) = heading.and_then(|heading| heading.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = heading.focus();
    }
}
