//! A template version never changes once it was used, and what was issued is kept.

use opsctl::context::Context;
use opsctl::documents::pdf::Logo;
use opsctl::fault::Fault;
use opsctl::store::documents;
use opsctl::workflows::issue_document::issue;

use super::{made_with, slip};
use crate::harness::{Shop, on_all_stores};

on_all_stores!(
    what_was_issued_is_kept_byte_for_byte,
    a_used_version_keeps_its_look_and_a_new_look_has_a_new_name,
    a_document_from_outside_has_no_template,
    two_that_use_a_version_first_at_the_same_moment_agree,
);

const ROUND: &str =
    r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle r="9"/></svg>"#;
const SQUARE: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9"/></svg>"#;

fn new<'a>(template: &'a str, bundle: &'a str, bytes: &'a [u8]) -> documents::New<'a> {
    documents::New {
        kind: "packing_slip",
        title: "packing slip",
        media_type: "application/pdf",
        consignment: None,
        parcel: None,
        template,
        bundle,
        bytes,
    }
}

/// Draws and keeps a slip, as the workflow that ships does.
async fn keep(ctx: &Context, version: &str, logo: &str) -> anyhow::Result<i64> {
    let logo = Logo::new(logo.as_bytes().to_vec()).unwrap();
    let slip = made_with(&slip(), version, Some(&logo));
    let mut tx = ctx.store.begin().await?;
    let document = new(&slip.template, &slip.bundle, &slip.pdf);
    let id = issue(&mut tx, &ctx.stamp(), &document).await?;
    ctx.store.commit(tx).await?;
    Ok(id)
}

async fn what_was_issued_is_kept_byte_for_byte(shop: Shop) {
    let ctx = shop.context("one").await;
    let logo = Logo::new(ROUND.as_bytes().to_vec()).unwrap();
    let slip = made_with(&slip(), "letter-1", Some(&logo));
    let id = keep(&ctx, "letter-1", ROUND).await.unwrap();
    let mut tx = ctx.store.read().await.unwrap();
    let kept = documents::bytes(&mut tx, id).await.unwrap().unwrap();
    assert!(kept == slip.pdf);
    let row = documents::find(&mut tx, id).await.unwrap().unwrap();
    assert_eq!(row.template, "packing_slip/letter-1");
    assert_eq!(row.sha256, documents::sha256(&slip.pdf));
    let used = documents::bundle(&mut tx, "packing_slip/letter-1")
        .await
        .unwrap();
    assert_eq!(used, Some(slip.bundle));
}

async fn a_used_version_keeps_its_look_and_a_new_look_has_a_new_name(shop: Shop) {
    let ctx = shop.context("one").await;
    keep(&ctx, "letter-1", ROUND).await.unwrap();
    keep(&ctx, "letter-1", ROUND).await.unwrap();
    let refused = keep(&ctx, "letter-1", SQUARE).await.unwrap_err();
    let fault = refused.downcast_ref::<Fault>().unwrap();
    assert!(
        fault
            .message
            .starts_with("the template version packing_slip/letter-1 was used before")
    );
    let hint = fault.hint.as_deref().unwrap();
    assert!(hint.contains("slip_template = \"letter-1.2\""), "{hint}");
    keep(&ctx, "letter-1.2", SQUARE).await.unwrap();
    keep(&ctx, "letter-1", ROUND).await.unwrap();
    assert!(keep(&ctx, "letter-1.2", ROUND).await.is_err());
    // Another paper is another version.
    keep(&ctx, "4x6-1", SQUARE).await.unwrap();
    let mut tx = ctx.store.read().await.unwrap();
    let row = documents::find(&mut tx, 1).await.unwrap().unwrap();
    assert_eq!(row.template, "packing_slip/letter-1");
}

async fn a_document_from_outside_has_no_template(shop: Shop) {
    let ctx = shop.context("one").await;
    for bytes in [b"^XA^XZ", b"^XA ^X"] {
        let mut tx = ctx.store.begin().await.unwrap();
        let outside = new("", "", bytes);
        issue(&mut tx, &ctx.stamp(), &outside).await.unwrap();
        ctx.store.commit(tx).await.unwrap();
    }
    let mut tx = ctx.store.read().await.unwrap();
    assert_eq!(documents::bundle(&mut tx, "").await.unwrap(), None);
}

/// Issues what it is told until no other writer is in the way.
async fn issue_one(ctx: Context, bundle: String) -> anyhow::Result<i64> {
    for _ in 0..20 {
        let mut tx = ctx.store.begin().await?;
        let document = new("packing_slip/letter-1", &bundle, b"%PDF");
        match issue(&mut tx, &ctx.stamp(), &document).await {
            Ok(id) => {
                ctx.store.commit(tx).await?;
                return Ok(id);
            }
            Err(error) if error.downcast_ref::<Fault>().is_some() => return Err(error),
            // Somebody else was first, or in the way: begin again.
            Err(_) => drop(tx),
        }
    }
    anyhow::bail!("always in the way")
}

async fn two_that_use_a_version_first_at_the_same_moment_agree(shop: Shop) {
    let mut tasks = Vec::new();
    for n in 0..6 {
        let ctx = shop.context(&format!("run{n}")).await;
        tasks.push(tokio::spawn(issue_one(ctx, format!("bundle-{}", n % 2))));
    }
    let mut kept = 0;
    for task in tasks {
        kept += i32::from(task.await.unwrap().is_ok());
    }
    assert_eq!(kept, 3, "one of the two bundles is the version's");
}
