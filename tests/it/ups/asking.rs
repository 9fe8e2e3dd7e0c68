//! Tokens, rates, addresses and tracking: what is asked without buying.

use std::sync::Arc;

use opsctl::config::Tenant;
use opsctl::context::Services;
use opsctl::domain::carriage::{AddressCheck, Sending, Stage, Tariff};
use opsctl::domain::order::Address;
use opsctl::fault::Exit;
use opsctl::integrations::carrier::Carrier;
use opsctl::integrations::http::HttpOptions;
use opsctl::sandbox::ups::{CLIENT_ID, CLIENT_SECRET, Stage as Letter};
use opsctl::vault::Secrets;

use super::{
    House, SHIP, TOKEN, albany, american, class, client, european, haarlem, reno, returned,
};

/// Three pieces whose service is still open.
fn shopping() -> Sending {
    Sending {
        service: String::new(),
        ..american(3)
    }
}

#[tokio::test]
async fn fifty_callers_share_one_token() {
    let house = House::new().await;
    let callers = (0..50).map(|_| {
        let client = house.client.clone();
        tokio::spawn(async move { client.rates(&shopping()).await.unwrap().len() })
    });
    for caller in callers.collect::<Vec<_>>() {
        assert_eq!(caller.await.unwrap(), 7);
    }
    assert_eq!(house.asked(TOKEN), 1);
    assert_eq!(house.asked("POST /api/rating/v2409/Shop"), 50);
}

#[tokio::test]
async fn a_token_is_renewed_a_minute_before_its_end() {
    let house = House::new().await;
    house.sandbox.ups().set_token_life(60);
    house.client.rates(&american(1)).await.unwrap();
    house.client.rates(&american(1)).await.unwrap();
    assert_eq!(house.asked(TOKEN), 2);
}

#[tokio::test]
async fn a_token_that_ups_no_longer_takes_is_replaced_once_also_to_buy() {
    let house = House::new().await;
    house.client.rates(&american(1)).await.unwrap();
    house.sandbox.ups().end_tokens();
    house.client.buy(&american(1)).await.unwrap();
    assert_eq!(
        (house.asked(TOKEN), house.asked(SHIP), house.bought()),
        (2, 2, 1)
    );
    // One that is refused at once is not fetched for ever.
    house.sandbox.ups().set_token_life(-1);
    house.sandbox.ups().end_tokens();
    let error = house.client.buy(&american(1)).await.unwrap_err();
    assert_eq!(class(&error), "unauthorized", "{error}");
    assert_eq!((house.asked(SHIP), house.bought()), (4, 1));
}

#[tokio::test]
async fn credentials_that_are_wrong_are_said_so_and_nothing_is_asked() {
    let house = House::new().await;
    let stranger = client(&house.sandbox, "wrong secret", None);
    let error = stranger.buy(&american(1)).await.unwrap_err();
    assert_eq!((class(&error), error.exit()), ("unauthorized", Exit::Usage));
    assert!(!format!("{error:?} {error}").contains("wrong secret"));
    assert_eq!(house.asked(SHIP), 0);
}

#[tokio::test]
async fn without_a_token_nothing_was_done() {
    for fault in [
        "500",
        "cut-after",
        "html",
        "truncated-json",
        "503",
        "429:600",
    ] {
        let house = House::new().await;
        house.spoil(&format!("{fault},path=/oauth/,times=9"));
        let error = house.client.buy(&american(1)).await.unwrap_err();
        assert!(
            matches!(class(&error), "unavailable" | "http"),
            "{fault}: {error}"
        );
        assert_eq!((house.asked(SHIP), house.bought()), (0, 0), "{fault}");
    }
}

#[tokio::test]
async fn rates_come_cheapest_first_at_the_accounts_own_price() {
    let house = House::new().await;
    let rates = house.client.rates(&shopping()).await.unwrap();
    let services: Vec<&str> = rates.iter().map(|rate| rate.service.as_str()).collect();
    assert_eq!(services, ["03", "12", "02", "59", "13", "01", "14"]);
    assert!(rates.is_sorted_by_key(|rate| rate.charge.amount_minor));
    let cheapest = &rates[0];
    assert_eq!(
        (cheapest.name.as_str(), cheapest.days),
        ("UPS Ground", None)
    );
    assert_eq!(cheapest.billing_weight, "6.9 LBS");
    assert_eq!(cheapest.charge.tariff, Tariff::Negotiated);
    assert!(cheapest.remarks[0].contains("invoice may vary"));
    assert_eq!(rates[6].days, Some(1));
    let one = house.client.rates(&european(1)).await.unwrap();
    assert_eq!((one.len(), one[0].service.as_str()), (1, "11"));
    assert_eq!(one[0].charge.currency.as_str(), "EUR");
    let error = house.client.rates(&american(0)).await.unwrap_err();
    assert_eq!(class(&error), "refused");
}

#[tokio::test]
async fn an_address_is_valid_ambiguous_unknown_or_not_checked() {
    let house = House::new().await;
    let check = async |line1: &str| {
        let address = Address {
            line1: line1.to_owned(),
            ..albany()
        };
        house.client.check_address(&address).await.unwrap()
    };
    assert_eq!(
        check("2 B Street").await,
        AddressCheck::Valid { suggested: None }
    );
    let AddressCheck::Ambiguous(candidates) = check("2 Broad").await else {
        panic!("not ambiguous");
    };
    let lines: Vec<&str> = candidates
        .iter()
        .map(|address| address.line1.as_str())
        .collect();
    assert_eq!(lines, ["2 BROAD ST", "2 BROAD AVE"]);
    assert_eq!(
        (&*candidates[0].name, &*candidates[0].postcode),
        ("Bob Buyer", "12207-0001")
    );
    assert_eq!(check("Nowhere in particular").await, AddressCheck::Unknown);
    let asked = house.asked("POST /api/addressvalidation/v2/1");
    let abroad = house.client.check_address(&haarlem()).await.unwrap();
    assert_eq!((abroad, asked), (AddressCheck::NotChecked, 3));
    assert_eq!(house.asked("POST /api/addressvalidation/v2/1"), 3);
}

#[tokio::test]
async fn a_parcel_is_followed_from_its_label_to_the_door() {
    let house = House::new().await;
    let bought = house.client.buy(&american(2)).await.unwrap();
    let number = bought.pieces[1].tracking.as_str();
    let ups = house.sandbox.ups();
    let track = async || house.client.track(number).await.unwrap().unwrap();
    let told = track().await;
    assert_eq!(
        (told.stage, told.expected_on.as_deref()),
        (Some(Stage::LabelMade), Some("2026-11-21"))
    );
    for (letter, stage) in [
        (Letter::OnTheWay, Stage::InTransit),
        (Letter::Exception, Stage::Exception),
        (Letter::OutForDelivery, Stage::OutForDelivery),
        (Letter::Delivered, Stage::Delivered),
    ] {
        house.sandbox.clock().advance(3_600);
        assert_eq!(ups.advance(Some(number), letter), 1);
        assert_eq!(track().await.stage, Some(stage));
    }
    let told = track().await;
    assert_eq!(told.expected_on, None);
    assert!(told.happenings.is_sorted_by_key(|happening| happening.at));
    let last = told.happenings.last().unwrap();
    assert_eq!(
        (&*last.code, &*last.words, &*last.place),
        ("011", "DELIVERED", "Albany, NY, US")
    );
    assert_eq!(last.at.to_string(), "2026-11-18T15:06:40Z");
    // The other piece did not move; a number that nobody has is not known.
    let other = house.client.track(&bought.id).await.unwrap().unwrap();
    assert_eq!(other.stage, Some(Stage::LabelMade));
    assert_eq!(
        house.client.track("1ZA1B2C30399999990").await.unwrap(),
        None
    );
    assert_eq!(ups.advance(None, Letter::Returning), 2);
    assert_eq!(track().await.stage, Some(Stage::Returned));
}

#[tokio::test]
async fn every_call_is_recorded_without_a_secret() {
    let folder = tempfile::TempDir::new().unwrap();
    // The file that this variable names keeps the traffic, to be held against UPS' own
    // description.
    let kept = std::env::var_os("OPSCTL_TEST_RECORD_HTTP").map(Into::into);
    let file: std::path::PathBuf = kept.unwrap_or_else(|| folder.path().join("ups.jsonl"));
    let house = House::recording(Some(file.clone())).await;
    let ups = house.sandbox.ups();
    house.client.rates(&shopping()).await.unwrap();
    house.client.rates(&european(200)).await.unwrap();
    house.client.rates(&returned(1)).await.unwrap();
    let mut american_return = super::sending(reno(), reno(), "03", 1);
    (american_return.from, american_return.inbound) = (Some(albany()), true);
    for sending in [
        american(1),
        american(3),
        european(3),
        returned(2),
        american_return,
        american(200),
    ] {
        let sending = Sending {
            reference: format!("s{}-1", ups.counts().shipments),
            ..sending
        };
        house.client.find(&sending, &[]).await.unwrap();
        let bought = house.client.buy(&sending).await.unwrap();
        house.client.find(&sending, &[]).await.unwrap();
        let numbers: Vec<String> = bought
            .pieces
            .iter()
            .map(|piece| piece.tracking.clone())
            .collect();
        house.client.track(&numbers[0]).await.unwrap();
        house.client.void(&bought.id, &numbers[..1]).await.unwrap();
        house.client.void(&bought.id, &numbers).await.unwrap();
        house.client.void(&bought.id, &[]).await.unwrap();
        house.client.track(&numbers[0]).await.unwrap();
        house.client.find(&sending, &[]).await.unwrap();
    }
    house.client.buy(&american(1)).await.unwrap();
    for letter in [
        Letter::OnTheWay,
        Letter::Exception,
        Letter::Delivered,
        Letter::Returning,
    ] {
        ups.advance(None, letter);
        let number = ups.numbers_of("s7-1-1").pop().unwrap();
        house.client.track(&number).await.unwrap();
        house.client.void(&number, &[]).await.unwrap();
    }
    house.client.track("1ZA1B2C30399999990").await.unwrap();
    for line1 in ["2 B Street", "2 Broad", "Nowhere"] {
        let address = Address {
            line1: line1.to_owned(),
            ..albany()
        };
        house.client.check_address(&address).await.unwrap();
    }
    let mut refused = european(1);
    refused.service = "03".to_owned();
    house.client.buy(&refused).await.unwrap_err();
    ups.end_tokens();
    house.client.rates(&shopping()).await.unwrap();
    house.spoil("429:1,path=/Shop");
    house.client.rates(&shopping()).await.unwrap();
    let recorded = std::fs::read_to_string(&file).unwrap();
    for secret in [CLIENT_ID, CLIENT_SECRET, "sandbox-token-"] {
        assert!(!recorded.contains(secret), "{secret}");
    }
    assert!(recorded.lines().count() > 250);
}

#[tokio::test]
async fn a_carrier_is_made_once_by_its_name() {
    let house = House::new().await;
    let folder = tempfile::TempDir::new().unwrap();
    let secret = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        format!("file://{}", path.display())
    };
    let file = format!(
        "[tenant]\nname = \"shop\"\ndisplay_name = \"The Shop\"\ncurrency = \"USD\"\ntimezone = \"America/Los_Angeles\"\n\
         [store]\nurl = \"sqlite://shop.db\"\n\
         [vault]\nfile = \"vault.age\"\nidentity = \"file://identity.txt\"\n\
         [carriers.ups]\nkind = \"ups\"\nurl = \"{}\"\naccount = \"A1B2C3\"\n\
         client_id = \"{}\"\nclient_secret = \"{}\"\n",
        house.sandbox.ups_url(),
        secret("id", CLIENT_ID),
        secret("secret", CLIENT_SECRET),
    );
    let tenant = Tenant::parse(&file, &folder.path().join("shop.toml")).unwrap();
    let identity = format!("file://{}/identity.txt", folder.path().display());
    let secrets = Secrets::new(folder.path().join("vault.age"), identity.parse().unwrap());
    let services = Services::new(Arc::new(secrets), HttpOptions::default());
    for _ in 0..2 {
        let carrier = services.clone().carrier(&tenant, "ups").unwrap();
        carrier.rates(&american(1)).await.unwrap();
    }
    assert_eq!(house.asked(TOKEN), 1);
    let error = services.carrier(&tenant, "post").err().unwrap();
    assert!(error.to_string().contains("no carrier \"post\""), "{error}");
}
