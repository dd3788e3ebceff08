//! The Web Worker in which an audit runs, so that the page never waits for it.

fn main() {
    countersign_web::run_audit();
}
