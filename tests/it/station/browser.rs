//! Chromium, driven as a packer uses it: a scanner that types fast, keys, and eyes.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(15);
pub const TABLET: (u32, u32) = (1280, 800);
const DESKTOP: (u32, u32) = (1920, 1080);

/// A chromedriver of its own, which ends with the test.
pub struct Driver {
    process: Child,
    url: String,
}

impl Driver {
    pub fn start() -> Self {
        let mut process = Command::new("chromedriver")
            .args(["--port=0", "--log-level=SEVERE"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "chromedriver does not start ({error}): start the tests with tests/run.sh, \
                     which installs chromium and chromium-driver"
                )
            });
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                let at = line.rsplit_once("successfully on port ")?.1;
                at.trim_end_matches('.').parse::<u16>().ok()
            })
            .expect("chromedriver names its port");
        // What it goes on to say is read, so that it never waits for a reader.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self {
            process,
            url: format!("http://127.0.0.1:{port}"),
        }
    }

    /// A browser of its own, with cookies and a database of its own.
    pub async fn browser(&self, home: &str) -> Browser {
        let size = format!("--window-size={},{}", TABLET.0, TABLET.1);
        let mut args = vec![
            "--headless=new",
            "--disable-dev-shm-usage",
            "--mute-audio",
            &size,
        ];
        // A sandbox takes rights that root in a container has not.
        if std::fs::metadata("/proc/self")
            .is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
        {
            args.push("--no-sandbox");
        }
        let wanted = json!({ "goog:chromeOptions": { "args": args } });
        let Value::Object(wanted) = wanted else {
            unreachable!()
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&self.url)
            .await
            .unwrap_or_else(|error| {
                panic!("chromium does not start ({error}): tests/run.sh installs it")
            });
        Browser {
            client,
            home: home.to_owned(),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub struct Browser {
    pub client: Client,
    home: String,
}

impl Browser {
    pub async fn open(&self, path: &str) {
        self.client
            .goto(&format!("{}{path}", self.home))
            .await
            .unwrap();
    }

    pub async fn path(&self) -> String {
        self.client.current_url().await.unwrap().path().to_owned()
    }

    /// What an expression comes to in the page.
    pub async fn eval(&self, expression: &str) -> Value {
        let script = format!("return ({expression})");
        self.client
            .execute(&script, Vec::new())
            .await
            .unwrap_or(Value::Null)
    }

    /// Looks until an expression holds in the page.
    pub async fn until(&self, expression: &str) {
        let begun = Instant::now();
        while self.eval(expression).await != true {
            if begun.elapsed() > PATIENCE {
                let seen = self.eval("document.body.innerText").await;
                panic!(
                    "{expression} never came to hold at {}; the page says:\n{}",
                    self.path().await,
                    seen.as_str().unwrap_or_default()
                );
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Looks until the page reads these words.
    pub async fn says(&self, words: &str) {
        let words = serde_json::to_string(&words.to_lowercase()).unwrap();
        self.until(&format!(
            "document.body.innerText.toLowerCase().includes({words})"
        ))
        .await;
    }

    /// Looks until the page is at this path, with its scripts at work.
    pub async fn at(&self, path: &str) {
        let path = serde_json::to_string(path).unwrap();
        self.until(&format!(
            "location.pathname.startsWith({path}) && document.readyState === 'complete'"
        ))
        .await;
    }

    /// Waits for a page of the station to listen to its scanner.
    pub async fn listens(&self) {
        self.until("document.body.dataset.ready === 'yes'").await;
    }

    /// What a scanner does: the characters as fast as they go, and Enter.
    pub async fn scan(&self, code: &str) {
        self.burst(code, Some('\u{e007}')).await;
    }

    pub async fn burst(&self, code: &str, suffix: Option<char>) {
        let mut keys = KeyActions::new("scanner".to_owned());
        for value in code.chars().chain(suffix) {
            keys = keys
                .then(KeyAction::Down { value })
                .then(KeyAction::Up { value });
        }
        self.client.perform_actions(keys).await.unwrap();
    }

    /// One key, as a person presses it.
    pub async fn press(&self, key: Key) {
        let value = char::from(key);
        let keys = KeyActions::new("person".to_owned())
            .then(KeyAction::Down { value })
            .then(KeyAction::Up { value });
        self.client.perform_actions(keys).await.unwrap();
    }

    /// Typing at a person's pace: slower than any scanner.
    pub async fn types(&self, text: &str) {
        let mut keys = KeyActions::new("person".to_owned());
        for value in text.chars() {
            keys = keys
                .then(KeyAction::Down { value })
                .then(KeyAction::Up { value })
                .pause(Duration::from_millis(130));
        }
        self.client.perform_actions(keys).await.unwrap();
    }

    /// Goes by Tab to what this selector means, and presses Enter on it.
    pub async fn tab_to(&self, selector: &str) {
        let wanted = serde_json::to_string(selector).unwrap();
        for _ in 0..80 {
            if self
                .eval(&format!("document.activeElement.matches({wanted})"))
                .await
                == true
            {
                self.press(Key::Enter).await;
                return;
            }
            self.press(Key::Tab).await;
        }
        panic!(
            "{selector} cannot be reached by Tab at {}",
            self.path().await
        );
    }

    pub async fn click(&self, selector: &str) {
        self.until(&format!(
            "document.querySelector({}) !== null",
            serde_json::to_string(selector).unwrap()
        ))
        .await;
        let found = self.client.find(Locator::Css(selector)).await.unwrap();
        found.click().await.unwrap();
    }

    /// Two clicks with nothing in between, as an impatient hand makes them.
    pub async fn double_click(&self, selector: &str) {
        let wanted = serde_json::to_string(selector).unwrap();
        self.until(&format!("document.querySelector({wanted}) !== null"))
            .await;
        self.eval(&format!(
            "(() => {{ const b = document.querySelector({wanted}); b.click(); b.click(); return true }})()"
        ))
        .await;
    }

    /// The message over everything: its kind and its words, once there is one.
    pub async fn shouts(&self, kind: &str, words: &str) {
        self.until(&format!(
            "document.querySelector('dialog.cover[open]')?.classList.contains('{kind}') === true"
        ))
        .await;
        let told = self
            .eval("document.querySelector('dialog.cover').innerText")
            .await;
        let told = told.as_str().unwrap().to_owned();
        assert!(told.contains(words), "{words:?} is not in {told:?}");
    }

    /// Reads the message away.
    pub async fn acknowledge(&self) {
        self.press(Key::Enter).await;
        self.until("document.querySelector('dialog.cover[open]') === null")
            .await;
    }

    pub async fn waiting(&self, scans: usize) {
        self.until(&format!(
            "document.querySelector('#waiting').dataset.waiting === '{scans}'"
        ))
        .await;
    }

    /// Units that the sheet shows as taken.
    pub async fn taken(&self, units: usize) {
        self.until(&format!(
            "document.querySelector('#round')?.dataset.taken === '{units}'"
        ))
        .await;
    }

    pub async fn sign_in(&self, name: &str, secret: &str) {
        self.open("/login").await;
        self.fill_in(name, secret).await;
    }

    /// Signs in on the page that asks for it.
    pub async fn fill_in(&self, name: &str, secret: &str) {
        self.client
            .find(Locator::Id("name"))
            .await
            .unwrap()
            .send_keys(name)
            .await
            .unwrap();
        let password = self.client.find(Locator::Id("password")).await.unwrap();
        password.send_keys(secret).await.unwrap();
        password.send_keys("\u{e007}").await.unwrap();
        self.until("location.pathname !== '/login' && document.readyState === 'complete'")
            .await;
    }

    /// Pictures of the page on a tablet and on a desk, where `OPSCTL_SCREENSHOTS` names a
    /// folder for them.
    pub async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("OPSCTL_SCREENSHOTS").map(PathBuf::from) else {
            return;
        };
        std::fs::create_dir_all(&folder).unwrap();
        for (size, (width, height)) in [("desk", DESKTOP), ("tablet", TABLET)] {
            // The window's own frame comes on top.
            let frame = self
                .eval("outerHeight - innerHeight")
                .await
                .as_u64()
                .unwrap_or(0);
            let height = height + frame as u32;
            self.client.set_window_size(width, height).await.unwrap();
            let png = self.client.screenshot().await.unwrap();
            std::fs::write(folder.join(format!("{name}-{size}.png")), png).unwrap();
        }
    }

    pub async fn close(self) {
        self.client.close().await.unwrap();
    }
}
