//! A tenant that trades: a sandbox shop beside the store, synced and stocked.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use opsctl::context::Context;
use opsctl::sandbox::{Content, Options, Plan, Sandbox};
use opsctl::workflows::{receive, stock, sync};

use crate::harness::Shop;

/// The tenant file's lines for a sandbox shop, its key and secret in files.
pub fn channel(shop: &Shop, sandbox: &Sandbox) -> String {
    let (key, secret) = sandbox.woo().credentials();
    let [key, secret] = [("key", key), ("secret", secret)].map(|(name, value)| {
        let file = shop.write(name, &value);
        std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        file
    });
    format!(
        "[channels.woo]\nkind = \"woocommerce\"\nurl = \"{}\"\nconsumer_key = \"file://{}\"\n\
         consumer_secret = \"file://{}\"\nrequests_per_second = 1000\n",
        sandbox.shop_url(),
        key.display(),
        secret.display()
    )
}

/// A generated shop of so many SKUs, and a context of a tenant that sells there.
pub async fn beside(shop: &Shop, skus: usize) -> (Sandbox, Context) {
    let sandbox = Sandbox::start(Options {
        content: Content::Generated(Plan {
            skus,
            seed: 7,
            ..Plan::default()
        }),
        ..Options::default()
    })
    .await
    .unwrap();
    let channel = channel(shop, &sandbox);
    shop.write("tenants/shop.toml", &shop.tenant_file(&channel));
    let ctx = shop.context_with("s1", &channel).await;
    (sandbox, ctx)
}

/// A sandbox shop of 150 SKUs, with lots of every SKU whose stock it manages.
pub async fn trading(shop: &Shop) -> (Sandbox, Context, Vec<String>) {
    let (sandbox, ctx) = beside(shop, 150).await;
    let whole = sync::run(&ctx, sync::Options::default()).await.unwrap();
    assert!(whole.is_whole(), "{:?}", whole.channels[0].failures);
    let skus: Vec<String> = sandbox
        .woo()
        .managed_skus()
        .into_iter()
        .filter(|sku| keeps_its_own_stock(&sandbox, sku))
        .collect();
    assert!(skus.len() > 50);
    let mut lots = String::from("sku,lot,received_on,qty,unit_cost\n");
    for sku in &skus {
        lots.push_str(&format!("{sku},L1,2026-01-02,1000,1.00\n"));
    }
    let options = receive::Options::default();
    receive::run(&ctx, &shop.write("lots.csv", &lots), &options)
        .await
        .unwrap();
    (sandbox, ctx, skus)
}

/// Whether a SKU's quantity is its own and not its parent's.
pub fn keeps_its_own_stock(sandbox: &Sandbox, sku: &str) -> bool {
    let shop = sandbox.woo();
    let item = shop.id_of(sku).and_then(|id| shop.product(id)).unwrap();
    item["manage_stock"] == true
}

/// Every quantity the shop states is what may be offered.
pub async fn agreed(sandbox: &Sandbox, ctx: &Context, skus: &[String]) {
    for (row, sellable) in stock::list(ctx).await.unwrap() {
        if skus.contains(&row.sku) {
            assert_eq!(
                sandbox.woo().quantity(&row.sku).map(|units| units.max(0)),
                Some(sellable),
                "{}",
                row.sku
            );
        }
    }
}
