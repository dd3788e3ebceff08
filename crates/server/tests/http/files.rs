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
    let long = |length: usize| format!("/{}", "x".repeat(length));
    let too_long = [long(256), long(5000), format!("/demo{}", long(256)), format!("/demo{}", "/x".repeat(3000))];
    let nothing = ["/demo.jsonl", "/nothing", "/demo/nothing", "/demo/", "/secret", "/%00", "/index.html/x"];
    for path in outside.into_iter().chain(nothing).chain(too_long.iter().map(String::as_str)) {
        let refused = send(bed.address, "GET", path, &[], b"");
        assert_eq!(refused.code(), "NOT_FOUND", "{path}");
    }
    let refused = send(bed.address, "POST", "/", &[], b"x");
    assert_eq!((refused.code().as_str(), refused.header("allow")), ("METHOD_NOT_ALLOWED", Some(METHODS)));
    let options = send(bed.address, "OPTIONS", "/demo/demo.jsonl", &[], b"");
    assert_eq!((options.status, options.header("allow"), options.body.len()), (204, Some(METHODS), 0));
}

const METHODS: &str = "GET, HEAD, OPTIONS";

#[test]
fn what_is_no_resource_of_the_interface_is_no_file_either() {
    let (_top, with_page) = site();
    let without = Bed::start();
    for bed in [&with_page, &without] {
        for method in ["GET", "POST", "OPTIONS"] {
            for path in ["/api", "/api/", "/api/v1/nothing", "/api/v1/stats/"] {
                assert_eq!(send(bed.address, method, path, &[], b"").code(), "NOT_FOUND", "{method} {path}");
            }
        }
    }
}

#[test]
fn a_folder_is_found_without_its_slash_and_exports_have_their_type() {
    let (top, bed) = site();
    fs::create_dir(top.path().join("demo/inner")).unwrap();
    fs::create_dir(top.path().join("page/inner")).unwrap();
    for (path, location) in
        [("/demo", "./demo/"), ("/demo?a=b", "./demo/?a=b"), ("/demo/inner", "./inner/"), ("/inner", "./inner/")]
    {
        let redirect = send(bed.address, "GET", path, &[], b"");
        assert_eq!((redirect.status, redirect.header("location")), (307, Some(location)), "{path}");
    }
    let export = send(bed.address, "GET", "/demo/demo.jsonl", &[], b"");
    assert_eq!((export.status, export.header("content-type")), (200, Some("application/jsonl")));
    assert_eq!(
        send(bed.address, "HEAD", "/demo/demo.jsonl", &[], b"").header("content-type"),
        Some("application/jsonl")
    );
}

#[cfg(unix)]
#[test]
fn hidden_files_and_what_lies_behind_a_link_are_not_served() {
    use std::os::unix::fs::symlink;
    let (top, bed) = site();
    let demo = top.path().join("demo");
    fs::create_dir(demo.join(".git")).unwrap();
    fs::write(demo.join(".git/config"), "secret").unwrap();
    fs::write(demo.join(".env"), "secret").unwrap();
    symlink(top.path().join("secret"), demo.join("link")).unwrap();
    symlink(top.path(), demo.join("up")).unwrap();
    symlink("demo.jsonl", demo.join("other.jsonl")).unwrap();
    for path in ["/demo/.env", "/demo/%2eenv", "/demo/.git/config", "/demo/link", "/demo/up/secret", "/demo/up"] {
        let refused = send(bed.address, "GET", path, &[], b"");
        assert_eq!(refused.code(), "NOT_FOUND", "{path}");
    }
    assert_eq!(send(bed.address, "GET", "/demo/other.jsonl", &[], b"").text(), "{}\n", "a link within the folder");
}
