//! What was checked, what was not, and why.

use countersign_core::Report;
use leptos::prelude::*;

/// Coverage.
pub(crate) fn view(report: &Report) -> impl IntoView + use<> {
    let coverage = &report.coverage;
    let checked = coverage.checked.iter().map(|check| view! { <li>{check.clone()}</li> }).collect_view();
    let not_checked = coverage.not_checked.iter().map(|check| {
        view! { <div class="unchecked"><dt>{check.what.clone()}</dt><dd>{check.why.clone()}</dd></div> }
    });
    // A tick would say that it held.
    let (heading, class) = match report.findings_total {
        0 => ("Checked", "checked"),
        _ => ("Checked; what failed is under the findings", "checked with-findings"),
    };
    let everything = coverage.not_checked.is_empty().then(|| view! { <p class="muted">"Nothing was left out."</p> });
    view! {
        <section class="coverage" aria-labelledby="coverage-heading">
            <h2 id="coverage-heading">"Coverage"</h2>
            <div class="columns">
                <div>
                    <h3>{heading}</h3>
                    <ul class=class>{checked}</ul>
                </div>
                <div>
                    <h3>"Not checked, and why"</h3>
                    <dl class="not-checked">{not_checked.collect_view()}</dl>
                    {everything}
                </div>
            </div>
        </section>
    }
}
