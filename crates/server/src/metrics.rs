//! What Prometheus is told: the server's own figures, and the engine's and the ledger's as of the moment.

use std::fmt;
use std::time::Duration;

use countersign_core::timestamp::Timestamp;
use countersign_engine::Histogram as Counts;
use countersign_engine::Metrics as EngineMetrics;
use countersign_engine::watch::Metrics as WatchMetrics;
use countersign_store::Head;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::problem::Problem;

/// Of answers to be counted: all of them names out of the program, none a caller's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Labels {
    pub(crate) route: &'static str,
    pub(crate) method: &'static str,
    pub(crate) status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: &'static str,
}

/// Upper bounds of the buckets, in seconds.
const BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// The server's own figures.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    seconds: Family<Route, Histogram, fn() -> Histogram>,
    pub(crate) connections: Gauge,
    pub(crate) turned_away: Counter,
    pub(crate) exports: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::default();
        let requests = Family::<Labels, Counter>::default();
        let seconds = Family::<Route, Histogram, _>::new_with_constructor(histogram as fn() -> Histogram);
        let (connections, turned_away, exports) = (Gauge::default(), Counter::default(), Gauge::default());
        registry.register("countersign_http_requests", "Requests answered", requests.clone());
        registry.register("countersign_http_request_seconds", "Until an answer began", seconds.clone());
        registry.register("countersign_http_connections", "Connections open", connections.clone());
        let help = "Connections for which there was no room";
        registry.register("countersign_http_connections_turned_away", help, turned_away.clone());
        registry.register("countersign_http_exports", "Exports being written", exports.clone());
        Self { registry, requests, seconds, connections, turned_away, exports }
    }

    pub(crate) fn answered(&self, labels: &Labels, took: Duration) {
        self.requests.get_or_create(labels).inc();
        self.seconds.get_or_create(&Route { route: labels.route }).observe(took.as_secs_f64());
    }

    /// In the text format of OpenMetrics.
    pub(crate) fn text(&self, moment: Moment) -> Result<String, Problem> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(moment));
        let mut out = String::new();
        text::encode_registry(&mut out, &self.registry).map_err(Problem::internal)?;
        text::encode_registry(&mut out, &registry).map_err(Problem::internal)?;
        text::encode_eof(&mut out).map_err(Problem::internal)?;
        Ok(out)
    }
}

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

/// The ledger, its engine and its watch as they are now.
#[derive(Debug)]
pub(crate) struct Moment {
    /// `None` where the database does not answer.
    pub(crate) ledger: Option<Stored>,
    pub(crate) engine: Option<EngineMetrics>,
    pub(crate) watch: Option<WatchMetrics>,
    /// Lines of the log that could not be written.
    pub(crate) log_lost: Option<u64>,
}

/// What the database says of the ledger.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) head: Head,
    /// How much of the database's own protection is missing.
    pub(crate) unprotected: usize,
}

impl Collector for Moment {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let up = ConstGauge::new(i64::from(self.ledger.is_some()));
        show(&mut encoder, "ledger_up", "1 where the database answers", &up)?;
        let lost = self.log_lost.map(ConstCounter::new);
        let help = "Lines of the log that could not be written";
        lost.map_or(Ok(()), |lost| show(&mut encoder, "log_lines_lost", help, &lost))?;
        self.ledger.as_ref().map_or(Ok(()), |ledger| show_ledger(&mut encoder, ledger))?;
        self.engine.as_ref().map_or(Ok(()), |engine| show_engine(&mut encoder, engine))?;
        self.watch.as_ref().map_or(Ok(()), |watch| show_watch(&mut encoder, watch))
    }
}

fn show_ledger(encoder: &mut DescriptorEncoder<'_>, Stored { head, unprotected }: &Stored) -> fmt::Result {
    let (halted, unprotected) = (i64::from(head.halt.is_some()), ConstGauge::new(signed(*unprotected as u64)));
    show(encoder, "ledger_entries", "Entries of the ledger", &ConstGauge::new(signed(head.seq)))?;
    show(encoder, "ledger_version", "Commits of the ledger", &ConstGauge::new(signed(head.version)))?;
    show(encoder, "ledger_halted", "1 where no transaction is taken", &ConstGauge::new(halted))?;
    show(encoder, "ledger_unprotected", "Triggers and the like that are not as they were made", &unprotected)
}

fn show_engine(encoder: &mut DescriptorEncoder<'_>, engine: &EngineMetrics) -> fmt::Result {
    let counters = [
        ("engine_settled", "Orders settled", engine.settled),
        ("engine_replayed", "Answers given again", engine.replayed),
        ("engine_frozen", "Accounts that the shield froze", engine.frozen),
        ("engine_batches", "Batches written", engine.batches),
        ("engine_version_conflicts", "Times that somebody else had written meanwhile", engine.version_conflicts),
        ("engine_retries", "Batches tried again", engine.retries),
        ("engine_lost", "Commits of which it was unknown whether they were written", engine.lost),
        ("engine_given_up", "Batches given up", engine.given_up),
        ("engine_checkpoints", "Checkpoints signed", engine.checkpoints),
    ];
    for (name, help, value) in counters {
        show(encoder, name, help, &ConstCounter::new(value))?;
    }
    let ahead = ConstGauge::new(signed(engine.ahead_ms / 1000));
    show(encoder, "engine_ahead_seconds", "How far the last entry is ahead of the clock", &ahead)?;
    show(encoder, "engine_queue", "Requests that wait", &ConstGauge::new(signed(engine.queue_length as u64)))?;
    show(encoder, "engine_queue_max", "Most that may wait", &ConstGauge::new(signed(engine.queue_capacity as u64)))?;
    show(encoder, "engine_batch_size", "Requests in a batch", &Shown(&engine.batch_sizes))?;
    show(encoder, "engine_load_seconds", "Reading what a batch needs", &Shown(&engine.load_seconds))?;
    show(encoder, "engine_commit_seconds", "Writing a batch", &Shown(&engine.commit_seconds))?;
    show_refused(encoder, engine)
}

fn show_watch(encoder: &mut DescriptorEncoder<'_>, watch: &WatchMetrics) -> fmt::Result {
    let counters = [
        ("watch_audits", "Audits that came to a verdict", watch.audits),
        ("watch_failed", "Audits that came to none", watch.failed),
        ("watch_missed", "Due audits that did not run, or ran late", watch.missed),
        ("watch_invalid", "Audits that found something", watch.invalid),
        ("watch_alerts", "Alerts that a channel took", watch.alerts.delivered),
        ("watch_alerts_failed", "Alerts that a channel did not take", watch.alerts.failed),
    ];
    for (name, help, value) in counters {
        show(encoder, name, help, &ConstCounter::new(value))?;
    }
    let seconds = |at: Option<Timestamp>| at.map(|at| at.millis() / 1000);
    let gauges = [
        ("watch_running", "1 while an audit runs", Some(i64::from(watch.running))),
        ("watch_cannot_halt", "1 where a finding could not be halted on", Some(i64::from(watch.cannot_halt))),
        ("watch_gone", "1 where the watch has ended by a fault of its own", Some(i64::from(watch.gone))),
        ("watch_halt_pending", "1 where a halt could not be written yet", Some(i64::from(watch.halt_pending))),
        ("watch_last_valid", "1 where the last audit found nothing", watch.last_valid.map(i64::from)),
        ("watch_last_entries", "Entries that the last audit vouched for", watch.last_entries.map(signed)),
        ("watch_last_timestamp_seconds", "When the last audit started", seconds(watch.last_at)),
        ("watch_last_full_timestamp_seconds", "When the last full audit started", seconds(watch.last_full_at)),
        ("watch_next_timestamp_seconds", "When the next audit is due", seconds(watch.next_due)),
    ];
    for (name, help, value) in gauges {
        value.map_or(Ok(()), |value| show(encoder, name, help, &ConstGauge::new(value)))?;
    }
    let took = watch.last_time_ms.map(|ms| ConstGauge::new(ms / 1000.0));
    took.map_or(Ok(()), |took| show(encoder, "watch_last_seconds", "How long the last audit took", &took))
}

fn show_refused(encoder: &mut DescriptorEncoder<'_>, engine: &EngineMetrics) -> fmt::Result {
    let (name, help) = ("countersign_engine_refused", "Requests not carried out");
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (code, count) in &engine.refused {
        ConstCounter::new(*count).encode(family.encode_family(&[("code", *code)])?)?;
    }
    Ok(())
}

fn show(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, metric: &impl EncodeMetric) -> fmt::Result {
    let name = format!("countersign_{name}");
    metric.encode(encoder.encode_descriptor(&name, help, None, metric.metric_type())?)
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The engine's histogram, as Prometheus has it.
struct Shown<'a>(&'a Counts);

impl EncodeMetric for Shown<'_> {
    fn encode(&self, mut encoder: prometheus_client::encoding::MetricEncoder<'_>) -> fmt::Result {
        let bounds = self.0.upper_bounds.iter().copied().chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(self.0.counts.iter().copied()).collect();
        encoder.encode_histogram::<NoLabelSet>(self.0.sum, self.0.count(), &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

#[cfg(test)]
mod tests {
    use countersign_store::Identity;

    use super::*;

    #[test]
    fn figures_stand_in_the_text_format() {
        let metrics = Metrics::new();
        metrics.connections.inc();
        let labels = Labels { route: "/api/v1/stats", method: "GET", status: 200 };
        metrics.answered(&labels, Duration::from_millis(3));
        let identity = Identity { ledger: "a".to_owned(), ledger_id: "0".repeat(32) };
        let ledger = Some(Stored { head: Head { seq: 7, ..Head::empty(&identity) }, unprotected: 2 });
        let watch = Some(WatchMetrics::default());
        let text = metrics.text(Moment { ledger, engine: None, watch, log_lost: None }).unwrap();
        assert!(
            text.contains("countersign_http_requests_total{route=\"/api/v1/stats\",method=\"GET\",status=\"200\"} 1\n")
        );
        assert!(text.contains("countersign_http_connections 1\n"), "{text}");
        assert!(text.contains("\ncountersign_ledger_entries 7\n") && text.contains("countersign_ledger_halted 0\n"));
        assert!(text.contains("countersign_ledger_unprotected 2\n"), "{text}");
        assert!(text.contains("countersign_watch_audits_total 0\n") && !text.contains("watch_last_valid"));
        assert!(text.contains("le=\"0.005\"") && text.ends_with("# EOF\n"));
    }
}
