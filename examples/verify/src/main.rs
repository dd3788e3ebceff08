//! Audits an export as a backend would: the verdict, what was found, and an exit code for the job that ran it.
use countersign_core::{Options, verify_chain_integrity};
use std::{env, error::Error, fs::File, process::ExitCode};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("usage: verify-example FILE")?;
    let report = match verify_chain_integrity(File::open(&path)?, &Options::default(), &mut |_| {}) {
        Ok(report) => report,
        Err(unreadable) => return Ok((eprintln!("{path}: {unreadable}"), ExitCode::from(2)).1),
    };
    println!("{} ({:?})", report.message, report.trust_grade);
    for finding in &report.findings {
        println!("{:?}, line {:?}: {}", finding.error_type, finding.line, finding.message);
    }
    Ok(ExitCode::from(u8::from(!report.valid)))
}
