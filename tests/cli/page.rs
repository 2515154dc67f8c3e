//! The page of the agent, in a real browser.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::Folder;

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An agent with made-up nodes, and where it listens.
fn agent() -> (Running, String) {
    let mut agent = Command::new(env!("CARGO_BIN_EXE_stowplan"))
        .args(["agent", "--dev", "--bind", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(agent.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.split("listening on ").nth(1).unwrap().split(',').next().unwrap();
    (Running(agent), address.to_owned())
}

/// A browser, told what to do by messages in JSON that end with a zero byte.
struct Browser {
    _running: Running,
    to: File,
    from: BufReader<File>,
    session: String,
    sent: u64,
}

impl Browser {
    /// Opens a browser; none where there is no Chromium.
    fn open(folder: &Path) -> Option<Browser> {
        let names = ["chromium", "chromium-browser", "google-chrome"];
        let name = names.iter().find(|name| {
            let version = Command::new(name).arg("--version").stdout(Stdio::null()).status();
            version.is_ok_and(|status| status.success())
        })?;
        assert!(
            Command::new("mkfifo")
                .args(["to", "from"])
                .current_dir(folder)
                .status()
                .unwrap()
                .success()
        );
        // It reads what to do from its third file, and answers into its fourth.
        let command = format!(
            "exec {name} --headless --no-sandbox --disable-gpu --user-data-dir=profile \
             --remote-debugging-pipe about:blank 3<to 4>from 2>/dev/null"
        );
        let running =
            Command::new("sh").args(["-c", &command]).current_dir(folder).spawn().unwrap();
        let to = fs::OpenOptions::new().write(true).open(folder.join("to")).unwrap();
        let from = BufReader::new(File::open(folder.join("from")).unwrap());
        let mut browser =
            Browser { _running: Running(running), to, from, session: String::new(), sent: 0 };
        let target = browser.send("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.send("Target.attachToTarget", attach);
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        Some(browser)
    }

    /// Sends a command and waits for what it comes to.
    fn send(&mut self, method: &str, params: Value) -> Value {
        self.sent += 1;
        let mut message = json!({"id": self.sent, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let mut bytes = Vec::new();
            assert!(self.from.read_until(0, &mut bytes).unwrap() > 0, "the browser is gone");
            bytes.pop();
            let mut answer: Value = serde_json::from_slice(&bytes).unwrap();
            if answer["id"] == self.sent {
                return answer["result"].take();
            }
        }
    }

    /// The value of an expression on the page.
    fn value(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.send("Runtime.evaluate", params);
        assert_eq!(answer["exceptionDetails"], Value::Null, "{expression}");
        answer["result"]["value"].clone()
    }

    /// Waits until something holds on the page, and gives the text of an element.
    fn wait(&mut self, condition: &str, element: &str) -> String {
        let script = format!(
            "(async () => {{ for (let i = 0; i < 300 && !({condition}); i++) await new \
             Promise((done) => setTimeout(done, 100)); return \
             document.querySelector('{element}').innerText; }})()"
        );
        self.value(&script).as_str().unwrap().to_owned()
    }

    /// Keeps a picture of the page as a file.
    fn picture(&mut self, width: u32, dark: bool, path: &Path) {
        let scheme = if dark { "dark" } else { "light" };
        let size =
            json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500});
        self.send("Emulation.setDeviceMetricsOverride", size);
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.send("Emulation.setEmulatedMedia", media);
        let is_wider = self.value("document.documentElement.scrollWidth > innerWidth");
        assert_eq!(is_wider, json!(false), "the page is wider than {width} pixels");
        let picture = self.send("Page.captureScreenshot", json!({"captureBeyondViewport": true}));
        fs::write(path, from_base64(picture["data"].as_str().unwrap())).unwrap();
    }
}

fn from_base64(text: &str) -> Vec<u8> {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::new());
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let value = letters.iter().position(|known| *known == letter).unwrap();
        bits = bits << 6 | u32::try_from(value).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 255).unwrap());
        }
    }
    bytes
}

/// Runs a job through the form of the page and looks at what comes of it, where there is a Chromium.
#[test]
#[ignore = "needs Chromium"]
fn a_browser_runs_a_job_and_is_told_why_another_waits() {
    let folder = Folder::new("page-browser");
    let (_agent, address) = agent();
    let Some(mut browser) = Browser::open(&folder.path) else {
        eprintln!("skipped: there is no Chromium to open the page in");
        return;
    };
    browser.send("Page.navigate", json!({"url": format!("{address}/ui")}));
    let state =
        browser.wait("document.getElementById('state')?.textContent === 'Live.'", "#summary");
    assert!(state.starts_with("5 nodes"), "{state}");
    let tiles = "document.querySelector('#nodes tbody').textContent";
    let before = browser.value(tiles);

    let fill = |id: &str, cpu: u32| {
        let text = format!(
            "variable \"count\" {{\n  default = 2\n}}\njob \"{id}\" {{\n  group \"front\" {{\n    count = \
             var.count\n    task \"<b>t</b>\" {{\n      driver = \"exec\"\n      resources {{\n        \
             cpu = {cpu}\n        memory = 64\n      }}\n    }}\n  }}\n}}\n"
        );
        format!("document.getElementById('text').value = {}", json!(text))
    };
    browser.value(&fill("web", 500));
    browser.value("document.getElementById('plan').click()");
    let answered = "document.getElementById('answer').textContent !== ''";
    let answer = browser.wait(answered, "#answer");
    assert!(answer.contains("Group front: 2 placed"), "{answer}");
    browser.value("document.getElementById('register').click()");
    let jobs =
        browser.wait("document.querySelector('#jobs').textContent.includes('healthy')", "#jobs");
    assert!(jobs.contains("web") && jobs.contains("service"), "{jobs}");
    // Tiles change without loading the page anew.
    let changed = format!("{tiles} !== {before}");
    browser.wait(&changed, "#nodes");
    assert_eq!(browser.value(&changed), json!(true));

    browser.value(&fill("large", 90_000));
    browser.value("document.getElementById('register').click()");
    let blocked = "document.querySelector('#blocked button.link') !== null";
    browser.wait(blocked, "#blocked");
    browser.value("document.querySelector('#blocked button.link').click()");
    let told = "document.querySelector('#detail .reasons') !== null";
    let detail = browser.wait(told, "#detail");
    assert!(detail.contains("90000 MHz asked") && detail.contains("what would help"), "{detail}");
    // What a document holds is never markup.
    assert_eq!(browser.value("document.querySelectorAll('main b').length"), json!(0));

    browser.value("document.getElementById('text').value = 'job \"x\" {'");
    browser.value("document.getElementById('answer').replaceChildren()");
    browser.value("document.getElementById('plan').click()");
    let answer = browser.wait(answered, "#answer");
    assert!(answer.starts_with("input.hcl:1,10-10: "), "{answer}");
    browser.picture(1280, false, &folder.path.join("page-1280.png"));
    browser.picture(390, true, &folder.path.join("page-390.png"));
}
