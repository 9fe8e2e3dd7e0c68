//! The client against a server that plays a script, one step a connection.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::fault::Exit;

/// What the server does with one request, after it has read it in full.
enum Step {
    Answer(String),
    /// Closes the connection without a word.
    CutBefore,
    /// Promises more than it sends, and closes.
    CutWithin,
    /// Says nothing until the client gives up.
    Silence,
}

struct Server {
    url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Plays the steps in order; the last one again and again.
    async fn play(steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        tokio::spawn(async move {
            for at in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = read_request(&mut stream).await;
                log.lock().unwrap().push(request);
                match &steps[at.min(steps.len() - 1)] {
                    Step::Answer(text) => stream.write_all(text.as_bytes()).await.unwrap(),
                    Step::CutBefore => {}
                    Step::CutWithin => {
                        let text = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"half\":";
                        stream.write_all(text.as_bytes()).await.unwrap();
                    }
                    Step::Silence => {
                        let mut rest = Vec::new();
                        let _ = stream.read_to_end(&mut rest).await;
                    }
                }
            }
        });
        Self { url, seen }
    }

    fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    loop {
        let mut part = [0; 4096];
        let read = stream.read(&mut part).await.unwrap();
        text.extend_from_slice(&part[..read]);
        let so_far = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = so_far.split_once("\r\n\r\n") {
            let length = head.to_ascii_lowercase();
            let length = length.split("content-length: ").nth(1);
            let length = length.and_then(|rest| rest.lines().next()?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return so_far;
            }
        }
        assert!(read > 0, "the client closed within a request: {so_far}");
    }
}

fn answer(status: &str, headers: &str, body: &str) -> Step {
    let length = body.len();
    Step::Answer(format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    ))
}

fn ok() -> Step {
    answer("200 OK", "content-type: application/json\r\n", r#"{"a":1}"#)
}

/// Options that never wait long.
fn quick() -> HttpOptions {
    HttpOptions {
        retry: RetryPlan {
            first_wait: Duration::from_millis(1),
            ..RetryPlan::default()
        },
        ..HttpOptions::default()
    }
}

fn lane(options: HttpOptions) -> Lane {
    Http::new(options).unwrap().lane("shop", 1000, 4)
}

async fn get(server: &Server) -> Result<Response, HttpError> {
    let lane = lane(quick());
    lane.send(Repeat::Safe, || Request::get(&server.url)).await
}

async fn post(server: &Server) -> Result<Response, HttpError> {
    let body = || Body::Json(serde_json::json!({ "b": 2 }));
    let lane = lane(quick());
    lane.send(Repeat::Never, || Request::post(&server.url, body()))
        .await
}

#[tokio::test]
async fn a_read_is_tried_again_after_500_and_after_cut_connections() {
    let failed = answer("500 Internal Server Error", "", "");
    let server = Server::play(vec![failed, Step::CutBefore, Step::CutWithin, ok()]).await;
    let response = get(&server).await.unwrap();
    let json: serde_json::Value = response.json().unwrap();
    assert_eq!((response.status(), server.requests()), (200, 4));
    assert_eq!(json["a"], 1);
}

#[tokio::test]
async fn a_read_gives_up_after_five_tries_and_hands_the_last_answer_on() {
    let server = Server::play(vec![answer("502 Bad Gateway", "", "")]).await;
    assert_eq!(get(&server).await.unwrap().status(), 502);
    assert_eq!(server.requests(), 5);
}

#[tokio::test]
async fn a_write_that_may_have_been_done_is_never_sent_twice() {
    for step in [Step::CutBefore, Step::CutWithin] {
        let server = Server::play(vec![step]).await;
        let error = post(&server).await.err().unwrap();
        assert!(matches!(error, HttpError::OutcomeUnknown { .. }), "{error}");
        assert_eq!((server.requests(), error.exit()), (1, Exit::TryAgain));
    }
    let server = Server::play(vec![answer("500 Internal Server Error", "", "")]).await;
    assert_eq!(post(&server).await.unwrap().status(), 500);
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_write_that_was_refused_for_now_is_sent_again() {
    let limited = answer("429 Too Many Requests", "retry-after: 0\r\n", "");
    let away = answer("503 Service Unavailable", "", "");
    let server = Server::play(vec![limited, away, ok()]).await;
    assert_eq!(post(&server).await.unwrap().status(), 200);
    assert_eq!(server.requests(), 3);
}

#[tokio::test]
async fn a_silent_server_is_given_up_after_the_timeout() {
    let server = Server::play(vec![Step::Silence]).await;
    let lane = lane(quick()).with_timeout(Duration::from_millis(50));
    let asked = lane.send(Repeat::Never, || Request::get(&server.url)).await;
    let error = asked.err().unwrap();
    assert_eq!(
        error.to_string(),
        "shop was asked, and its answer did not arrive in full: no full answer within 0.05 s"
    );
}

#[tokio::test]
async fn retry_after_is_waited_for_to_the_second() {
    let date =
        "retry-after: Tue, 24 Nov 2026 08:30:01 GMT\r\ndate: Tue, 24 Nov 2026 08:30:00 GMT\r\n";
    let limited = answer("429 Too Many Requests", date, "");
    let server = Server::play(vec![limited, ok()]).await;
    let started = Instant::now();
    get(&server).await.unwrap();
    let waited = started.elapsed();
    assert!(waited >= Duration::from_secs(1), "{waited:?}");
}

#[tokio::test]
async fn a_retry_after_that_is_too_long_ends_the_operation_at_once() {
    let limited = answer("429 Too Many Requests", "retry-after: 3600\r\n", "");
    let server = Server::play(vec![limited]).await;
    let error = get(&server).await.err().unwrap();
    assert_eq!((server.requests(), error.exit()), (1, Exit::TryAgain));
    assert_eq!(error.hint().unwrap(), "try again in 3600 s");
}

#[tokio::test]
async fn nobody_there_is_told_as_such() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "http://{}/?consumer_secret=cs_x",
        listener.local_addr().unwrap()
    );
    drop(listener);
    let lane = lane(quick());
    let error = lane.send(Repeat::Never, || Request::get(&url)).await;
    let error = error.err().unwrap();
    assert!(matches!(error, HttpError::Unreachable { .. }), "{error}");
    assert!(!format!("{error:?}").contains("cs_x"));
    assert_eq!(error.exit(), Exit::TryAgain);
}

#[tokio::test]
async fn a_web_page_where_json_was_due_is_told_by_its_title() {
    let page = "<html><head><TITLE>Down\x1b[2J for\n maintenance</title></head></html>";
    let server = Server::play(vec![answer("200 OK", "content-type: text/html\r\n", page)]).await;
    let response = get(&server).await.unwrap();
    let error = response.json::<serde_json::Value>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "shop answered 200 with a web page (text/html) titled \"Down[2J for maintenance\" instead \
         of JSON"
    );
    assert_eq!(error.exit(), Exit::Failed);
    assert!(error.hint().unwrap().contains("security plugin"));
}

#[tokio::test]
async fn noise_in_front_of_json_is_shown_in_short() {
    let noise = format!("<br />Warning: {}", "x".repeat(5000));
    let json = "content-type: application/json\r\n";
    let server = Server::play(vec![answer("200 OK", json, &noise)]).await;
    let response = get(&server).await.unwrap();
    let text = response
        .json::<serde_json::Value>()
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("begins with \"<br />Warning") && text.len() < 300,
        "{text}"
    );
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_refused() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n\
                   8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n";
    let announced = answer("200 OK", "", "0123456789abcdef");
    for step in [Step::Answer(chunked.to_owned()), announced] {
        let server = Server::play(vec![step]).await;
        let lane = lane(HttpOptions {
            max_response_bytes: 10,
            ..quick()
        });
        let asked = lane.send(Repeat::Safe, || Request::get(&server.url)).await;
        assert!(matches!(asked, Err(HttpError::TooLarge { .. })));
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn a_redirect_is_told_and_not_followed() {
    let elsewhere = "location: https://other.test/api?key=1\r\n";
    let server = Server::play(vec![answer("301 Moved Permanently", elsewhere, "")]).await;
    let error = get(&server).await.err().unwrap();
    assert_eq!(
        error.to_string(),
        "shop redirects to \"https://other.test/api\""
    );
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn an_address_that_is_none_is_a_mistake_of_the_configuration() {
    let lane = lane(quick());
    let asked = lane
        .send(Repeat::Safe, || Request::get("not an address"))
        .await;
    assert_eq!(asked.err().unwrap().exit(), Exit::Usage);
}

#[tokio::test]
async fn a_lane_keeps_to_its_pace_and_its_slots() {
    let server = Server::play(vec![ok()]).await;
    let lane = Http::new(quick()).unwrap().lane("shop", 10, 1);
    let started = Instant::now();
    for _ in 0..13 {
        let asked = lane.send(Repeat::Safe, || Request::get(&server.url)).await;
        assert!(asked.is_ok());
    }
    // Ten at once, and then one each tenth of a second.
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(280), "{took:?}");
}

#[tokio::test]
async fn every_exchange_is_recorded_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("http.jsonl");
    let echo = r#"{"access_token":"at_1","echo":"cs_planted","ü":1}"#;
    let json = "content-type: application/json\r\nset-cookie: session=1\r\n";
    let steps = vec![Step::CutWithin, answer("200 OK", json, echo)];
    let server = Server::play(steps).await;
    let http = Http::new(HttpOptions {
        record: Some(file.clone()),
        ..quick()
    })
    .unwrap();
    http.redact(&SecretString::from("cs_planted"));
    let lane = http.lane("shop", 1000, 4);
    let url = format!("{}?consumer_key=ck_1&page=2", server.url);
    let make = || {
        let body = Body::Json(serde_json::json!({ "note": "cs_planted" }));
        Request::post(&url, body).header("authorization", "Basic cs_planted")
    };
    lane.send(Repeat::Safe, make).await.unwrap();

    let text = std::fs::read_to_string(&file).unwrap();
    for secret in ["cs_planted", "ck_1", "at_1", "session=1"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0]["status"].is_null() && lines[0]["response_body"].is_null());
    let entry = &lines[1];
    assert_eq!(entry["method"], "POST");
    assert_eq!(
        entry["url"],
        format!("{}?consumer_key=REDACTED&page=2", server.url)
    );
    assert_eq!(entry["headers"]["content-type"], "application/json");
    assert_eq!(entry["headers"]["authorization"], "Basic REDACTED");
    assert_eq!(entry["body"], r#"{"note":"REDACTED"}"#);
    assert_eq!(entry["status"], 200);
    assert_eq!(
        entry["response_headers"]["content-type"],
        "application/json"
    );
    assert_eq!(
        entry["response_body"],
        r#"{"access_token":"REDACTED","echo":"REDACTED","ü":1}"#
    );
    assert_is_private(&file);
}

#[cfg(unix)]
fn assert_is_private(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0);
}

#[tokio::test]
async fn compressed_answers_are_recorded_as_text() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("http.jsonl");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packer, b"{\"packed\":true}").unwrap();
        let body = packer.finish().unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        let asked = read_request(&mut stream).await;
        assert!(asked.to_ascii_lowercase().contains("accept-encoding: gzip"));
        let length = body.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body).await.unwrap();
    });
    let lane = lane(HttpOptions {
        record: Some(file.clone()),
        ..quick()
    });
    lane.send(Repeat::Safe, || Request::get(&url))
        .await
        .unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let entry: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(entry["response_body"], r#"{"packed":true}"#);
}
