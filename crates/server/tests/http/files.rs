//! The dashboard and other files, for everybody.

use std::fs;

use countersign_server::{Config, Folder};
use tempfile::TempDir;

use crate::bed::{Bed, Plan};
use crate::client::send;

const INDEX: &str = r#"<meta http-equiv="Content-Security-Policy" content="default-src 'none'"><p>page</p>"#;

/// A page in `page`, a file in `demo`, and a secret beside both.
fn site() -> (TempDir, Bed) {
    let top = TempDir::new().unwrap();
    let (page, demo) = (top.path().join("page"), top.path().join("demo"));
    fs::create_dir(&page).unwrap();
    fs::create_dir(&demo).unwrap();
    fs::write(page.join("index.html"), INDEX).unwrap();
    fs::write(page.join("audit_bg.wasm"), b"\0asm").unwrap();
    fs::write(demo.join("demo.jsonl"), "{}\n").unwrap();
    fs::write(top.path().join("secret"), "secret").unwrap();
    let plan = Plan::default();
    let folders = vec![Folder { at: "demo".to_owned(), path: demo }];
    let config = Config { page: Some(page), folders, ..plan.config.clone() };
    (top, Plan { config, ..plan }.start())
}

#[test]
fn the_page_comes_without_a_token_and_with_its_own_policy() {
    let (_top, bed) = site();
    let page = send(bed.address, "GET", "/", &[], b"");
    assert_eq!((page.status, page.text()), (200, INDEX));
    assert_eq!(page.header("content-security-policy"), Some("default-src 'none'; frame-ancestors 'none'"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let wasm = send(bed.address, "GET", "/audit_bg.wasm?build", &[], b"");
    assert_eq!((wasm.header("content-type"), wasm.body.as_slice()), (Some("application/wasm"), &b"\0asm"[..]));
    let modified = wasm.header("last-modified").unwrap();
    let known = send(bed.address, "GET", "/audit_bg.wasm", &[("if-modified-since", modified)], b"");
    assert_eq!(known.status, 304);
    assert_eq!(send(bed.address, "HEAD", "/", &[], b"").status, 200);
    assert_eq!(send(bed.address, "GET", "/demo/demo.jsonl", &[], b"").text(), "{}\n");
    let part = send(bed.address, "GET", "/demo/demo.jsonl", &[("range", "bytes=1-")], b"");
    assert_eq!((part.status, part.text()), (206, "}\n"));
}

#[test]
fn nothing_else_is_served_and_nothing_is_written() {
    let (_top, bed) = site();
    let outside = [
        "/../secret",
        "/demo/../secret",
        "/demo/%2e%2e/secret",
        "/..%2fsecret",
        "/demo//../../secret",
        "/demo/..%5csecret",
    ];
    for path in
        outside.into_iter().chain(["/demo.jsonl", "/nothing", "/demo/nothing", "/demo", "/demo/", "/secret", "/%00"])
    {
        let refused = send(bed.address, "GET", path, &[], b"");
        assert_eq!(refused.code(), "NOT_FOUND", "{path}");
    }
    let refused = send(bed.address, "POST", "/", &[], b"x");
    assert_eq!((refused.code().as_str(), refused.header("allow")), ("METHOD_NOT_ALLOWED", Some("GET, HEAD")));
    assert_eq!(send(bed.address, "GET", "/api/v1/nothing", &[], b"").code(), "NOT_FOUND");
}
