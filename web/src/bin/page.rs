//! The page.

fn main() {
    countersign_web::run_page();
}
