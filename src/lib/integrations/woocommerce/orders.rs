//! Orders and their refunds. Of an order, opsctl writes nothing but its status.

use serde_json::value::RawValue;

use super::wire::{self, Listing};
use super::{Client, Error, Page, changed, listed};
use crate::domain::money::Currency;
use crate::domain::order::{Refund, ShopOrder};
use crate::domain::time::UtcMs;

const ORDER_FIELDS: &str = "id,number,status,currency,date_created_gmt,date_modified_gmt,\
    date_completed_gmt,date_paid_gmt,billing,shipping,customer_note,payment_method,\
    payment_method_title,transaction_id,shipping_total,total_tax,total,line_items,shipping_lines,refunds";
const REFUND_FIELDS: &str = "id,amount,reason,date_created_gmt,line_items";

impl Client {
    /// A page (from 1) of the orders changed after a time, or of all, the trash left out.
    ///
    /// # Errors
    /// The page cannot be had. A single broken order is not an error.
    pub async fn orders_page(
        &self,
        since: Option<UtcMs>,
        page: u32,
    ) -> Result<Page<ShopOrder>, Error> {
        let query = changed("any", since, page, ORDER_FIELDS);
        self.page("orders", query, wire::order).await
    }

    /// A page (from 1) of the ids of all orders, the trash left out.
    ///
    /// # Errors
    /// The page cannot be had.
    pub async fn order_ids_page(&self, page: u32) -> Result<Page<String>, Error> {
        let query = changed("any", None, page, "id");
        self.page("orders", query, wire::id_only).await
    }

    /// Orders by their ids, a request for each hundred. What is in the trash or gone is
    /// missing from the result.
    ///
    /// # Errors
    /// They cannot be had.
    pub async fn orders(&self, ids: &[String]) -> Result<Listing<ShopOrder>, Error> {
        self.included("orders", ids, ORDER_FIELDS, wire::order)
            .await
    }

    /// One order, also one in the trash; `None` where the shop does not have it.
    ///
    /// # Errors
    /// It cannot be had, or not be understood.
    pub async fn order(&self, id: &str) -> Result<Option<ShopOrder>, Error> {
        let path = format!("orders/{}", self.number(id)?);
        self.one(&path, ORDER_FIELDS, wire::order).await
    }

    /// Sets the status of an order, whatever it was. A repeat changes nothing.
    ///
    /// # Errors
    /// The shop refuses, or the outcome is not known.
    pub async fn set_order_status(&self, id: &str, status: &str) -> Result<(), Error> {
        let path = format!("orders/{}", self.number(id)?);
        self.put(&path, &serde_json::json!({ "status": status }))
            .await?;
        Ok(())
    }

    /// All refunds of an order. Their amounts are in the order's currency, which the API
    /// does not repeat.
    ///
    /// # Errors
    /// They cannot be had; [`Error::NotFound`] where the order is gone.
    pub async fn order_refunds(
        &self,
        order_id: &str,
        currency: Currency,
    ) -> Result<Listing<Refund>, Error> {
        let path = format!("orders/{}/refunds", self.number(order_id)?);
        let read = |raw: &RawValue| wire::refund(raw, currency);
        let pages = |page| listed(page, REFUND_FIELDS);
        self.all(&path, pages, read).await
    }
}
