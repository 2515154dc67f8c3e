//! The answer as a page.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::documents::{job, node};
use super::{Folder, example};

/// A page of one job that fits in part, on nodes whose names are markup.
fn page(folder: &Folder) -> String {
    let answer = folder.run("place --nodes nodes.json --job job.json --html page.html");
    assert_eq!((answer.status, answer.stderr.as_str()), (2, ""));
    fs::read_to_string(folder.path.join("page.html")).unwrap()
}

fn folder(name: &str) -> Folder {
    let mut nodes = json!([node("n1", 1000), node("n2", 500)]);
    nodes[0]["Name"] = json!("</script><b>one</b>");
    Folder::new(name).with("nodes.json", nodes).with("job.json", job("web", 50, 3, 600))
}

#[test]
fn the_page_holds_the_answer_and_fetches_nothing() {
    let page = page(&folder("html"));
    let data = page.split("type=\"application/json\">").nth(1).unwrap();
    let data: Value = serde_json::from_str(data.split("</script>").next().unwrap()).unwrap();
    assert_eq!(data["nodes"][0]["name"], "</script><b>one</b>");
    assert_eq!(data["nodes"][0]["use"][0], json!([0, 600, 1000]));
    assert_eq!(data["nodes"][1]["use"][0], json!([0, 0, 500]));
    assert_eq!(data["allocations"][0]["name"], "web.group[0]");
    assert_eq!(
        (&data["failed"][0]["missing"], &data["failed"][0]["wanted"]),
        (&json!(2), &json!(3))
    );
    assert!(!data["failed"][0]["fixes"].as_array().unwrap().is_empty());
    for word in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(word), "the page has `{word}`");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let answer =
        Folder::new("html-nowhere").run(&format!("{} --html no/such/page.html", example()));
    assert_eq!(answer.status, 1);
    let expected = "`--html`: no/such/page.html cannot be written: there is no such folder\n";
    assert_eq!(answer.stderr, expected);
}

/// Runs the page's script where there is a Chromium; says that it did not where there is none.
#[test]
#[ignore = "needs Chromium"]
fn a_browser_draws_the_page() {
    let folder = folder("html-browser");
    page(&folder);
    let url = format!("file://{}", folder.path.join("page.html").display());
    let arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", &url];
    let Some(output) = ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .find_map(|name| Command::new(name).args(arguments).output().ok())
    else {
        eprintln!("skipped: there is no Chromium to open the page in");
        return;
    };
    let drawn = String::from_utf8_lossy(&output.stdout);
    assert!(drawn.contains("<canvas"), "{drawn}");
    assert!(drawn.contains(">web.group[0]</td>"), "{drawn}");
    assert!(drawn.contains(">&lt;/script&gt;&lt;b&gt;one&lt;/b&gt;</td>"), "{drawn}");
    assert!(drawn.contains("2 of 3"), "{drawn}");
}
