//! `cargo xtask demo`: the whole of it on made-up data, in the terminal and then in the browser.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Deserialize;
use serde_json::Value;
use xshell::cmd;

use crate::dashboard;
use crate::project::Project;
use crate::setup::Need;

/// Served on this port, or the next that is free.
const PORT: u16 = 8787;
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

/// What `countersign demo-ledger` says it made.
#[derive(Deserialize)]
struct Made {
    token: String,
    payer: String,
    payee: String,
    verifying_key: String,
}

pub(crate) fn run(project: &Project, arguments: &Arguments) -> Result<()> {
    // Before minutes of building: a port that is taken should be known now.
    let address = if arguments.no_serve { None } else { Some(free(arguments.port)?) };
    println!("Building the countersign command: a few minutes the first time.");
    let countersign = project.countersign()?;
    let (demo, files) = (project.path("demo"), project.path("demo/files"));
    // A ledger is made once: that of the last demo goes, and with it what was paid there.
    project.shell.remove_path(&demo)?;
    println!("Filling a ledger through the engine, by concurrent callers.");
    let made = cmd!(project.shell, "{countersign} demo-ledger --out {demo} --json").quiet().read()?;
    let made: Made = serde_json::from_str(&made).context("countersign demo-ledger")?;
    verify_all(&countersign, &files, &made.verifying_key)?;
    let dist = build_dashboard(project)?;
    match address {
        None => println!("\nThe page is in {}, the ledgers in {}.", project.shown(&dist), project.shown(&demo)),
        Some(address) => {
            guide(project, address, &demo, &made);
            serve(&countersign, address, &demo, &dist)?;
        }
    }
    Ok(())
}

/// The port that was asked for, or else the first free one from 8787.
fn free(port: Option<u16>) -> Result<SocketAddr> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).and_then(|listener| listener.local_addr());
    if let Some(port) = port {
        return bind(port).with_context(|| format!("port {port}"));
    }
    let free = (PORT..PORT + 100).map(bind).find(|bound| !matches!(bound, Err(e) if e.kind() == ErrorKind::AddrInUse));
    free.context("no port is free from 8787 on: name one with --port")?.context("no port may be listened on")
}

/// Serves the ledger, the page and the demo files until Ctrl-C.
fn serve(countersign: &Path, address: SocketAddr, demo: &Path, page: &Path) -> Result<()> {
    let mut serve = Command::new(countersign);
    serve.arg("serve").arg("--config").arg(demo.join("countersign.toml")).arg("--page").arg(page);
    serve.args(["--listen", &address.to_string(), "--log", "warn"]);
    // In this one's place, so that Ctrl-C reaches the server alone and it stops in order.
    #[cfg(unix)]
    return Err(std::os::unix::process::CommandExt::exec(&mut serve).into());
    #[cfg(not(unix))]
    match serve.status()?.success() {
        true => Ok(()),
        false => bail!("the server failed"),
    }
}

/// Prints what the command finds in every file, and holds it to what was done to the file. `key`: that of the ledger.
fn verify_all(countersign: &Path, demo: &Path, key: &str) -> Result<()> {
    let index: Value = serde_json::from_str(&fs::read_to_string(demo.join("index.json"))?)?;
    let files = index["files"].as_array().context("demo/index.json lists no files")?;
    println!("\n{:<32} {:<11} FIRST FINDING", "FILE", "VERDICT");
    for file in files {
        let name = file["name"].as_str().context("demo/index.json lists a file without a name")?;
        let report = verified(countersign, &demo.join(name), key)?;
        let verdict = report["trust_grade"].as_str().unwrap_or("unreadable");
        println!("{name:<32} {verdict:<11} {}", first_finding(&report));
        if report["valid"] != file["valid"] {
            bail!("{name}: {}, but it was made otherwise: {}", verdict, file["what"]);
        }
    }
    println!();
    Ok(())
}

fn verified(countersign: &Path, file: &Path, key: &str) -> Result<Value> {
    let output = Command::new(countersign).args(["verify", "--json", "--key", key]).arg(file).output()?;
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

fn guide(project: &Project, address: SocketAddr, demo: &Path, made: &Made) {
    let (demo, curl) = (project.shown(demo), curl(address, made));
    let Made { verifying_key, payer, .. } = made;
    println!(
        "
The dashboard is at   http://{address}/
The interface is      http://{address}/api/v1/openapi.json (the token below lets you do everything)
The ledger lies in    {demo}/

Pay, from another terminal:

{curl}

Paste it again, and the first answer comes again: nothing is paid twice. Another Idempotency-Key pays again, until after
10 requests in 5 minutes the shield holds this address off; 21 payments within an hour would freeze {payer}.

Try: open one of the demo files from the page, or drop {demo}/files/amount-edited.jsonl on it;
     open the export that the ledger itself gives, by its address: api/v1/export
     the same without a browser: cargo run --release -p countersign -- verify --config {demo}/countersign.toml
     and with what an auditor has: --key {verifying_key} \\
                                   --checkpoint {demo}/earlier.checkpoint

Ctrl-C stops it.
"
    );
}

/// A command that pays, for a shell.
fn curl(address: SocketAddr, made: &Made) -> String {
    let Made { token, payer, payee, .. } = made;
    format!(
        "curl -sS http://{address}/api/v1/transactions \\
  -H 'Authorization: Bearer {token}' \\
  -H 'Content-Type: application/json' -H 'Idempotency-Key: first' \\
  -d '{{\"type\":\"TRANSFER\",\"sender_id\":\"{payer}\",\"receiver_id\":\"{payee}\",\"currency\":\"EURO\",\"amount\":\"100\"}}'"
    )
}
