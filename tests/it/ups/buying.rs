//! Buying labels: how many, from where to where, and what is refused before UPS is asked.

use std::collections::BTreeSet;

use opsctl::domain::carriage::{Found, Tariff};
use opsctl::domain::order::Address;
use opsctl::integrations::carrier::{Carrier, CarrierError, NOT_ASKED};

use super::{
    House, SHIP, albany, american, berlin, class, european, haarlem, reno, returned, sending,
};

fn text(label: &[u8]) -> String {
    String::from_utf8(label.to_vec()).unwrap()
}

#[tokio::test]
async fn each_piece_of_one_three_and_two_hundred_has_its_own_label() {
    for count in [1, 3, 200] {
        let house = House::new().await;
        let sending = american(count);
        let bought = house.client.buy(&sending).await.unwrap();
        assert_eq!((bought.pieces.len(), house.bought()), (count, count));
        assert_eq!(
            (house.asked(SHIP), &bought.id),
            (1, &bought.pieces[0].tracking)
        );
        let numbers: BTreeSet<&str> = bought.pieces.iter().map(|p| p.tracking.as_str()).collect();
        assert_eq!(numbers.len(), count);
        for (at, piece) in bought.pieces.iter().enumerate() {
            let label = text(&piece.label);
            assert_eq!(piece.tracking.len(), 18);
            for words in [
                format!("^FD{}^FS", piece.tracking),
                format!("^FD{} OF {count}^FS", at + 1),
                format!("REF: s7-1-{}^FS", at + 1),
                "Bob Buyer".to_owned(),
            ] {
                assert!(label.contains(&words), "{words}: {label}");
            }
        }
        let charge = bought.charge.unwrap();
        assert_eq!(
            (charge.currency.as_str(), charge.tariff),
            ("USD", Tariff::Negotiated)
        );
        let tenths = 23 * count;
        assert_eq!(
            bought.billing_weight,
            format!("{}.{} LBS", tenths / 10, tenths % 10).as_str()
        );
        let Found::Pieces(found) = house.client.find(&sending, &[]).await.unwrap() else {
            panic!("not found");
        };
        let found: Vec<(usize, String)> = found.into_iter().map(|(n, p)| (n, p.tracking)).collect();
        let expected = bought.pieces.into_iter().enumerate();
        let expected: Vec<(usize, String)> = expected.map(|(at, p)| (at + 1, p.tracking)).collect();
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn within_the_union_the_shipment_has_the_reference_and_weighs_in_kilograms() {
    let house = House::new().await;
    let sending = european(3);
    let bought = house.client.buy(&sending).await.unwrap();
    assert_eq!(bought.billing_weight, "3.3 KGS");
    assert_eq!(bought.charge.unwrap().currency.as_str(), "EUR");
    let shipments = house.sandbox.ups().shipments();
    assert_eq!(shipments[0].references, ["s7-1"]);
    assert!(
        shipments[0]
            .packages
            .iter()
            .all(|package| package.references.is_empty())
    );
    assert_eq!(shipments[0].to.phone, "030123456");
    let Found::Pieces(found) = house.client.find(&sending, &[]).await.unwrap() else {
        panic!("not found");
    };
    for ((number, piece), labelled) in found.iter().zip(&bought.pieces) {
        assert!(text(&piece.label).contains(&format!("^FD{number} OF 3^FS")));
        assert_eq!(piece.tracking, labelled.tracking);
    }
    assert_eq!(found.len(), 3);
}

#[tokio::test]
async fn a_return_comes_from_the_customer() {
    let house = House::new().await;
    house.client.buy(&returned(20)).await.unwrap();
    let mut american = sending(reno(), reno(), "03", 1);
    (american.from, american.inbound) = (Some(albany()), true);
    house.client.buy(&american).await.unwrap();
    let shipments = house.sandbox.ups().shipments();
    assert!(shipments.iter().all(|shipment| shipment.is_return));
    assert_eq!(
        (&*shipments[0].from.city, &*shipments[0].to.city),
        ("Berlin", "Haarlem")
    );
    assert_eq!(
        (&*shipments[1].from.name, &*shipments[1].to.name),
        ("Bob Buyer", "The Clock Shop")
    );
}

#[tokio::test]
async fn what_ups_would_not_take_is_refused_before_it_is_asked() {
    let house = House::new().await;
    let canadian = Address {
        city: "Toronto".to_owned(),
        state: "ON".to_owned(),
        postcode: "M5V 2T6".to_owned(),
        country: "CA".to_owned(),
        ..albany()
    };
    let silent = |of: Address| Address {
        phone: String::new(),
        ..of
    };
    let long = Address {
        line1: "Very Long Street Indeed ".repeat(6),
        ..albany()
    };
    let island = Address {
        country: "PR".to_owned(),
        postcode: "00901".to_owned(),
        ..albany()
    };
    let mut weightless = american(2);
    weightless.pieces[1].weight_g = 0;
    let mut heavy = american(1);
    heavy.pieces[0].weight_g = 999_999;
    let mut two_back = sending(reno(), reno(), "03", 2);
    (two_back.from, two_back.inbound) = (Some(albany()), true);
    let mut wordy = american(1);
    wordy.reference = "x".repeat(34);
    let cases = [
        (
            sending(reno(), canadian, "11", 1),
            "goods from US to CA need customs papers",
        ),
        (
            sending(haarlem(), reno(), "07", 1),
            "goods from the EU to US need customs papers",
        ),
        (sending(reno(), island, "03", 1), "Puerto Rico"),
        (
            sending(haarlem(), silent(berlin()), "11", 1),
            "telephone number of the receiver",
        ),
        (
            sending(silent(reno()), albany(), "14", 1),
            "telephone number of the sender",
        ),
        (sending(reno(), long, "03", 1), "3 lines of 35"),
        (
            sending(reno(), Address::default(), "03", 1),
            "has no country",
        ),
        (sending(reno(), albany(), "", 1), "no service"),
        (american(0), "no piece"),
        (american(201), "at most 200"),
        (weightless, "piece 2 has no weight"),
        (heavy, "piece 1 is too heavy"),
        (two_back, "is one package"),
        (returned(21), "at most 20"),
        (wordy, "reference"),
    ];
    for (sending, why) in cases {
        let error = house.client.buy(&sending).await.unwrap_err();
        let is_ours = matches!(&error, CarrierError::Refused { code, .. } if code == NOT_ASKED);
        assert!(is_ours && error.to_string().contains(why), "{why}: {error}");
    }
    assert_eq!(house.sandbox.ups().counts().by_call.len(), 0);
}

#[tokio::test]
async fn what_ups_refuses_was_not_bought() {
    let house = House::new().await;
    let mut abroad_by_ground = european(1);
    abroad_by_ground.service = "03".to_owned();
    let nowhere = Address {
        postcode: "123".to_owned(),
        ..albany()
    };
    for (sending, code, words) in [
        (
            abroad_by_ground,
            "121210",
            "does not go from there to there",
        ),
        (sending(reno(), nowhere, "03", 1), "120207", "postal code"),
    ] {
        let error = house.client.buy(&sending).await.unwrap_err();
        assert_eq!(class(&error), "refused", "{error}");
        assert!(
            error.to_string().contains(code) && error.to_string().contains(words),
            "{error}"
        );
        assert_eq!(
            house.client.find(&sending, &[]).await.unwrap(),
            Found::Nothing
        );
    }
    assert_eq!((house.bought(), house.asked(SHIP)), (0, 2));
}
