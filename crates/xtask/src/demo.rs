//! `cargo xtask demo`: the whole of it on made-up data, in the terminal and then in the browser.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;
use xshell::cmd;

use crate::dashboard;
use crate::project::Project;
use crate::serve::{self, Site};
use crate::setup::Need;

/// Findings are cut there, so that a line of the table stays a line.
const FINDING_WIDTH: usize = 78;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Serve on this port [default: 8787, or the next that is free]
    #[arg(long, value_name = "P")]
    port: Option<u16>,
    /// Build everything, and do not serve it
    #[arg(long)]
    no_serve: bool,
}

pub(crate) fn run(project: &Project, arguments: &Arguments) -> Result<()> {
    // Before minutes of building: a port that is taken should be known now.
    let listener = if arguments.no_serve { None } else { Some(serve::listen(arguments.port)?) };
    println!("Building the countersign command: up to two minutes the first time.");
    let countersign = project.countersign()?;
    let demo = project.path("demo");
    cmd!(project.shell, "{countersign} demo --out {demo} --legacy").quiet().ignore_stdout().run()?;
    verify_all(&countersign, &demo)?;
    let dist = build_dashboard(project)?;
    match listener {
        None => println!("\nThe page is in {}, the ledgers in {}.", project.shown(&dist), project.shown(&demo)),
        Some(listener) => {
            guide(project, &listener.local_addr()?.to_string(), &demo);
            serve::until_interrupted(listener, Site::new(&dist, &demo)?)?;
            println!("\nStopped.");
        }
    }
    Ok(())
}

/// Prints what the command finds in every file, and holds it to what was done to the file.
fn verify_all(countersign: &Path, demo: &Path) -> Result<()> {
    let index: Value = serde_json::from_str(&fs::read_to_string(demo.join("index.json"))?)?;
    let files = index["files"].as_array().context("demo/index.json lists no files")?;
    println!("\n{:<32} {:<11} FIRST FINDING", "FILE", "VERDICT");
    for file in files {
        let name = file["name"].as_str().context("demo/index.json lists a file without a name")?;
        let report = verified(countersign, &demo.join(name))?;
        let verdict = report["trust_grade"].as_str().unwrap_or("unreadable");
        println!("{name:<32} {verdict:<11} {}", first_finding(&report));
        if report["valid"] != file["valid"] {
            bail!("{name}: {}, but it was made otherwise: {}", verdict, file["what"]);
        }
    }
    println!();
    Ok(())
}

fn verified(countersign: &Path, file: &Path) -> Result<Value> {
    let output = Command::new(countersign).args(["verify", "--json"]).arg(file).output()?;
    serde_json::from_slice(&output.stdout).with_context(|| format!("no report on {}", file.display()))
}

fn first_finding(report: &Value) -> String {
    let finding = &report["findings"][0]["message"];
    let text = finding.as_str().or(report["error"]["message"].as_str()).unwrap_or("none");
    match text.char_indices().nth(FINDING_WIDTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn build_dashboard(project: &Project) -> Result<std::path::PathBuf> {
    for need in dashboard::NEEDS {
        need.meet(project)?;
    }
    // The page works without, only slower: not a reason to ask for Node.
    let node = project.find("node").is_some() && project.find("npm").is_some();
    if node {
        Need::WasmOpt.meet(project)?;
    } else {
        println!("There is no Node here, so wasm-opt is left out: the page will be somewhat slower.");
    }
    println!("Building the page: up to five minutes the first time.");
    dashboard::build(project, node)
}

fn guide(project: &Project, address: &str, demo: &Path) {
    let demo = project.shown(demo);
    println!(
        "
The dashboard is at   http://{address}/
The ledgers lie in    {demo}/

Try: open one of the demo files from the page, or drop {demo}/amount-edited.jsonl on it;
     change any byte of {demo}/demo.jsonl in an editor and drop that;
     the same without a browser: cargo run --release -p countersign -- verify {demo}/entry-deleted.jsonl

Ctrl-C stops it."
    );
}
