//! `cargo xtask test`: every test there is, in one run.

mod step;
mod tally;

use std::time::Instant;

use anyhow::{Result, bail};
use clap::Args;

use crate::project::Project;
use crate::setup::{self, Need};
use step::Step;
use tally::Tally;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Run this step only; may be given more than once
    #[arg(long, value_name = "STEP")]
    only: Vec<Step>,
    /// Leave this step out; may be given more than once
    #[arg(long, value_name = "STEP")]
    skip: Vec<Step>,
}

/// How a step went.
struct Outcome {
    step: Step,
    tally: Tally,
    seconds: f64,
    error: Option<String>,
}

pub(crate) fn run(project: &Project, arguments: &Arguments) -> Result<()> {
    let steps = chosen(arguments);
    let needs: Vec<Need> = steps.iter().flat_map(|step| step.needs()).collect();
    println!("Setting up what the tests need: seconds where it is there, up to 20 minutes on a fresh machine.");
    let lacking = setup::meet_all(project, &needs);
    let outcomes = steps.into_iter().map(|step| outcome(project, step, &lacking)).collect();
    summary(outcomes)
}

fn chosen(arguments: &Arguments) -> Vec<Step> {
    let wanted = |step: &Step| arguments.only.is_empty() || arguments.only.contains(step);
    Step::ALL.into_iter().filter(wanted).filter(|step| !arguments.skip.contains(step)).collect()
}

fn outcome(project: &Project, step: Step, lacking: &[(Need, anyhow::Error)]) -> Outcome {
    println!("\n=== {step}");
    let began = Instant::now();
    let mut tally = Tally::default();
    let needs = step.needs();
    let result = match lacking.iter().find(|(need, _)| needs.contains(need)) {
        Some((_, error)) => Err(anyhow::anyhow!("{error:#}")),
        None => step.run(project, &mut tally),
    };
    tally.close(result.is_ok());
    let (seconds, error) = (began.elapsed().as_secs_f64(), result.err().map(|error| format!("{error:#}")));
    println!("=== {step}: {} in {seconds:.1} s", error.as_deref().unwrap_or("ok"));
    Outcome { step, tally, seconds, error }
}

fn summary(outcomes: Vec<Outcome>) -> Result<()> {
    println!();
    for Outcome { step, tally, seconds, error } in &outcomes {
        let verdict = if error.is_some() { "FAILED" } else { "ok" };
        println!("{verdict:<7} {:<13} {seconds:>7.1} s  {tally}", step.to_string());
        if let Some(error) = error {
            println!("        {error}");
        }
        for name in &tally.failures {
            println!("        {name}");
        }
    }
    let succeeded = outcomes.iter().all(|outcome| outcome.error.is_none());
    println!("\n{}", outcomes.into_iter().map(|outcome| outcome.tally).sum::<Tally>());
    if !succeeded {
        bail!("not every step passed");
    }
    Ok(())
}
