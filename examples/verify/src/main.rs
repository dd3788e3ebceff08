//! Audits an export as a backend would: the verdict, what was found, and an exit code for the job that ran it.
use countersign_core::{Options, Unreadable, verify_chain_integrity};
use std::{env, fs::File, process::ExitCode};

fn main() -> ExitCode {
    let path = env::args().nth(1).unwrap_or_default();
    let file = File::open(&path).map_err(Unreadable::from);
    let report = match file.and_then(|file| verify_chain_integrity(file, &Options::default(), &mut |_| {})) {
        Ok(report) => report,
        Err(unreadable) => return (eprintln!("verify-example FILE: {path}: {unreadable}"), ExitCode::from(2)).1,
    };
    println!("{} ({:?})", report.message, report.trust_grade);
    for finding in &report.findings {
        println!("{:?}, line {:?}: {}", finding.error_type, finding.line, finding.message);
    }
    ExitCode::from(u8::from(!report.valid))
}
