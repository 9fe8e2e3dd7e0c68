//! The client against a small server that answers as it is told: the forms of UPS' answers
//! that its description does not have, and every way to fail.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::*;
use crate::domain::carriage::{AddressCheck, Piece};
use crate::domain::order::Address;
use crate::fault::Exit;
use crate::integrations::carrier::NOT_ASKED;
use crate::integrations::http::{Http, HttpOptions, RetryPlan};

const NUMBER: &str = "1ZA1B2C30300000017";

type Respond = Box<dyn Fn(&str) -> (u16, String) + Send + Sync>;

struct Server {
    url: String,
    respond: Respond,
    asked: Mutex<Vec<String>>,
}

impl Server {
    /// A server that gives a token to everybody and else answers as the function says.
    async fn open(respond: impl Fn(&str) -> (u16, String) + Send + Sync + 'static) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Arc::new(Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            respond: Box::new(respond),
            asked: Mutex::default(),
        });
        let router = Router::new().fallback(serve).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        server
    }

    async fn answering(status: u16, body: &Value) -> Arc<Self> {
        let body = body.to_string();
        Self::open(move |_| (status, body.clone())).await
    }

    fn client(&self) -> Client {
        let http = Http::new(HttpOptions {
            retry: RetryPlan {
                first_wait: Duration::from_millis(1),
                ..RetryPlan::default()
            },
            ..HttpOptions::default()
        });
        let settings = Settings {
            base_url: format!("{}/", self.url),
            account: "A1B2C3".to_owned(),
            client_id: SecretString::from("the-app"),
            client_secret: SecretString::from("the-secret"),
            negotiated_rates: true,
        };
        Client::new(http.unwrap().lane("ups", 1000, 4), &settings).unwrap()
    }

    /// How often anything but a token was asked for.
    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

async fn serve(
    State(server): State<Arc<Server>>,
    method: Method,
    uri: Uri,
) -> (StatusCode, String) {
    if uri.path().starts_with("/security/") {
        let token = json!({"access_token": "the-token", "expires_in": "14399"});
        return (StatusCode::OK, token.to_string());
    }
    let call = format!("{method} {uri}");
    let (status, body) = (server.respond)(&call);
    server.asked.lock().unwrap().push(call);
    (StatusCode::from_u16(status).unwrap(), body)
}

fn at(name: &str, state: &str, postcode: &str) -> Address {
    Address {
        name: name.to_owned(),
        line1: "1 A St".to_owned(),
        city: "Reno".to_owned(),
        state: state.to_owned(),
        postcode: postcode.to_owned(),
        country: "US".to_owned(),
        ..Address::default()
    }
}

fn sending() -> Sending {
    Sending {
        reference: "p7".to_owned(),
        shipper: at("Shop", "NV", "89501"),
        from: None,
        to: at("Bob", "NY", "12207"),
        service: "03".to_owned(),
        inbound: false,
        pieces: vec![Piece {
            weight_g: 1_000,
            size_mm: Some([200, 100, 50]),
            contents: "Clock".to_owned(),
        }],
        numbers: Vec::new(),
    }
}

fn label() -> String {
    STANDARD.encode("\n^XA^FDx^FS^XZ")
}

fn told(code: &str) -> Value {
    json!({"response": {"errors": [{"code": code, "message": "Because."}]}})
}

/// What a failure is, in a word.
fn class(error: &CarrierError) -> &'static str {
    match error {
        CarrierError::Refused { .. } => "refused",
        CarrierError::Unauthorized { .. } => "unauthorized",
        CarrierError::Unavailable { .. } => "unavailable",
        CarrierError::Unknown { .. } => "unknown",
        CarrierError::Http(_) => "http",
    }
}

#[tokio::test]
async fn each_failure_says_what_to_do_next() {
    let fault = json!({"Fault": {"detail": {"Errors": {"ErrorDetail": {
        "PrimaryErrorCode": {"Code": "250003", "Description": "Invalid Access License"}}}}}});
    // Status and body; what it means of a purchase, and of a question.
    let cases = [
        (400, told("120205"), "refused", "refused"),
        (401, told("250003"), "unauthorized", "unauthorized"),
        (403, told("10403"), "unauthorized", "unauthorized"),
        (400, fault, "unauthorized", "unauthorized"),
        (400, told("10429"), "unavailable", "unavailable"),
        (400, told("20001"), "unknown", "unavailable"),
        (400, told("120021"), "unknown", "refused"),
        (408, told("1"), "unknown", "unavailable"),
        (500, told("20001"), "unknown", "unavailable"),
        (502, json!("bad gateway"), "unknown", "unavailable"),
        (503, told("20001"), "unknown", "unavailable"),
        (400, json!({}), "unknown", "unavailable"),
        (404, json!({"error": "no such path"}), "refused", "refused"),
        (403, json!({}), "unauthorized", "unauthorized"),
        (200, told("190001"), "unknown", "unavailable"),
        (200, json!({}), "unknown", "http"),
        (204, json!({}), "unknown", "http"),
    ];
    for (status, body, purchase, question) in cases {
        let server = Server::answering(status, &body).await;
        let bought = server.client().buy(&sending()).await.unwrap_err();
        assert_eq!(class(&bought), purchase, "{status} {body}: {bought}");
        assert_eq!(server.asked(), 1, "{status} {body}");
        let asked = server.client().rates(&sending()).await.unwrap_err();
        assert_eq!(class(&asked), question, "{status} {body}: {asked}");
    }
}

#[tokio::test]
async fn the_words_of_a_refusal_say_what_is_wrong() {
    let server = Server::answering(400, &told("120209")).await;
    let error = server.client().buy(&sending()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "ups refuses: the telephone number of whom it goes to: Because. (120209)"
    );
    assert_eq!((error.exit(), error.hint()), (Exit::Failed, None));
}

#[tokio::test]
async fn a_page_or_half_an_answer_leaves_a_purchase_unknown() {
    for body in [
        "<!doctype html><title>Oops</title>",
        "",
        "{\"ShipmentResponse\": {",
    ] {
        let server = Server::open(move |_| (200, body.to_owned())).await;
        let error = server.client().buy(&sending()).await.unwrap_err();
        assert_eq!(
            (class(&error), error.exit()),
            ("unknown", Exit::TryAgain),
            "{error}"
        );
        assert_eq!(server.asked(), 1);
    }
}

fn shipped(results: &Value) -> Value {
    json!({"ShipmentResponse": {
        "Response": {"Alert": {"Code": "120900", "Description": "No negotiated rates"}},
        "ShipmentResults": results,
    }})
}

#[tokio::test]
async fn a_purchase_is_read_in_every_form_it_comes_in() {
    let one = json!({"TrackingNumber": NUMBER, "ShippingLabel": {"GraphicImage": label()}});
    let server = Server::answering(
        200,
        &shipped(&json!({
            "ShipmentIdentificationNumber": "",
            "ShipmentCharges": {"TotalCharges": {"CurrencyCode": "JPY", "MonetaryValue": "1200"}},
            "NegotiatedRateCharges": "",
            "BillingWeight": {"UnitOfMeasurement": {"Code": "LBS"}, "Weight": "3.0"},
            "PackageResults": one,
            "ControlLogReceipt": [{"GraphicImage": label()}, {"GraphicImage": "nothing"}],
        })),
    )
    .await;
    let bought = server.client().buy(&sending()).await.unwrap();
    assert_eq!((bought.id.as_str(), bought.pieces.len()), (NUMBER, 1));
    assert_eq!(bought.pieces[0].label, b"\n^XA^FDx^FS^XZ");
    assert_eq!(bought.charge.unwrap().amount_minor, 1200);
    assert_eq!(bought.billing_weight, "3.0 LBS");
    assert_eq!((bought.papers.len(), bought.remarks.len()), (1, 2));
    assert_eq!(bought.remarks[0], "No negotiated rates (120900)");

    let odd_price = shipped(&json!({
        "PackageResults": [one],
        "ShipmentCharges": {"TotalCharges": {"CurrencyCode": "USD", "MonetaryValue": "a lot"}},
    }));
    let server = Server::answering(200, &odd_price).await;
    let bought = server.client().buy(&sending()).await.unwrap();
    assert_eq!(bought.charge, None);
    assert!(bought.remarks[1].contains("the price cannot be read"));
}

#[tokio::test]
async fn a_purchase_without_numbers_or_labels_is_unknown() {
    let cases = [
        json!({"ShipmentIdentificationNumber": NUMBER}),
        json!({"PackageResults": ""}),
        json!({"PackageResults": [{"TrackingNumber": NUMBER}]}),
        json!({"PackageResults": [{"ShippingLabel": {"GraphicImage": label()}}]}),
        json!({"PackageResults": [{"TrackingNumber": NUMBER,
            "ShippingLabel": {"GraphicImage": STANDARD.encode("GIF89a")}}]}),
    ];
    for results in cases {
        let server = Server::answering(200, &shipped(&results)).await;
        let error = server.client().buy(&sending()).await.unwrap_err();
        assert_eq!(class(&error), "unknown", "{results}: {error}");
    }
}

#[tokio::test]
async fn a_label_comes_again_as_one_object_or_as_candidates() {
    let answer = json!({"LabelRecoveryResponse": {
        "Response": {"TransactionReference": ""},
        "LabelResults": {"TrackingNumber": NUMBER, "Receipt": "",
            "LabelImage": {"LabelImageFormat": {"Code": "zpl"}, "GraphicImage": label()}},
    }});
    let found = Server::answering(200, &answer)
        .await
        .client()
        .find(&sending(), &[])
        .await;
    let Found::Pieces(pieces) = found.unwrap() else {
        panic!("not found");
    };
    assert_eq!((pieces[0].0, pieces[0].1.tracking.as_str()), (1, NUMBER));
    let answer =
        json!({"LabelRecoveryResponse": {"TrackingCandidate": {"TrackingNumber": NUMBER}}});
    let found = Server::answering(200, &answer)
        .await
        .client()
        .find(&sending(), &[])
        .await;
    assert_eq!(found.unwrap(), Found::Unclear(vec![NUMBER.to_owned()]));
    for (code, expected) in [
        ("9801031", Found::Nothing),
        ("9801040", Found::Voided),
        ("300001", Found::Unclear(Vec::new())),
    ] {
        let found = Server::answering(400, &told(code))
            .await
            .client()
            .find(&sending(), &[])
            .await;
        assert_eq!(found.unwrap(), expected);
    }
    let failed = Server::answering(500, &told("x"))
        .await
        .client()
        .find(&sending(), &[])
        .await;
    assert_eq!(class(&failed.unwrap_err()), "unavailable");
}

#[tokio::test]
async fn a_void_is_read_as_observed_and_as_described() {
    let answer = |summary: &str, packages: Value| {
        json!({"VoidShipmentResponse": {
            "SummaryResult": {"Status": {"Code": summary, "Description": "Told"}},
            "PackageLevelResult": packages,
        }})
    };
    let of =
        |code: &str| json!({"TrackingNumber": format!("&#xD;{NUMBER}"), "Status": {"Code": code}});
    let number = vec![NUMBER.to_owned()];
    let two = vec![NUMBER.to_owned(), "1ZOTHER".to_owned()];
    for (status, body, numbers, expected) in [
        (200, answer("&#xD;1", json!("")), &[][..], Voided::All),
        (200, answer("1", of("1")), &number, Voided::All),
        (
            200,
            answer("0", json!([of("1")])),
            &two,
            Voided::Some(number.clone()),
        ),
        (
            200,
            answer("0", of("0")),
            &number,
            Voided::Refused("UPS voided nothing: Told".to_owned()),
        ),
        (400, told("190117"), &two, Voided::All),
        (
            400,
            told("190102"),
            &[],
            Voided::Refused(
                "nothing that could still be voided has this number: Because. (190102)".to_owned(),
            ),
        ),
    ] {
        let server = Server::answering(status, &body).await;
        let voided = server.client().void(NUMBER, numbers).await.unwrap();
        assert_eq!(voided, expected, "{body}");
    }
    let server = Server::open(|_| (500, String::new())).await;
    let error = server.client().void(NUMBER, &[]).await.unwrap_err();
    assert_eq!((class(&error), server.asked()), ("unknown", 5));
    let odd = server.client().void("1Z/../2", &[]).await.unwrap_err();
    assert!(matches!(odd, CarrierError::Refused { code, .. } if code == NOT_ASKED));
}

#[tokio::test]
async fn a_number_that_ups_does_not_know_has_no_tracking() {
    let warned = json!({"trackResponse": {"shipment": [{
        "inquiryNumber": NUMBER, "warnings": [{"code": "TW0001", "message": "Not Found"}]}]}});
    for (status, body) in [
        (200, warned),
        (404, told("TW0001")),
        (404, told("1")),
        (200, told("TW0001")),
    ] {
        let server = Server::answering(status, &body).await;
        assert_eq!(server.client().track(NUMBER).await.unwrap(), None, "{body}");
    }
    let server = Server::answering(404, &json!({})).await;
    assert_eq!(
        class(&server.client().track(NUMBER).await.unwrap_err()),
        "refused"
    );
    let server = Server::answering(400, &told("TV1002")).await;
    let error = server.client().track("1z no").await.unwrap_err();
    assert!(error.to_string().contains("no tracking number"), "{error}");
    let asked = server.asked.lock().unwrap()[0].clone();
    assert_eq!(asked, "GET /api/track/v1/details/1Z%20NO?locale=en_US");
}

#[tokio::test]
async fn an_address_without_any_indicator_is_unknown() {
    let server = Server::answering(200, &json!({"XAVResponse": {"Candidate": ""}})).await;
    let checked = server
        .client()
        .check_address(&at("Bob", "NY", "12207"))
        .await
        .unwrap();
    assert_eq!(checked, AddressCheck::Unknown);
    let asked = server.asked();
    let odd = Address {
        state: "New York".to_owned(),
        ..at("Bob", "", "12207")
    };
    let checked = server.client().check_address(&odd).await.unwrap();
    assert_eq!((checked, server.asked()), (AddressCheck::Unknown, asked));
}

#[tokio::test]
async fn an_address_that_is_no_servers_is_refused() {
    let lane = Http::new(HttpOptions::default()).unwrap().lane("ups", 1, 1);
    for bad in [
        "",
        "onlinetools.ups.com",
        "ftp://ups.test",
        "https://a:b@ups.test",
    ] {
        let settings = Settings {
            base_url: bad.to_owned(),
            account: "A1B2C3".to_owned(),
            client_id: SecretString::from("the-app"),
            client_secret: SecretString::from("the-secret"),
            negotiated_rates: true,
        };
        let error = Client::new(lane.clone(), &settings).err().unwrap();
        assert_eq!(error.exit(), Exit::Usage, "{bad}");
    }
}
