//! Steps that the story takes more than once.

use anyhow::Context as _;

use super::stage::{FOLDER, Stage};
use crate::jobs::{self, Ended};
use crate::workflows::sync::{self, ChannelReport};

/// Writes a file of the demo's.
pub(super) fn write(name: &str, text: &str) -> anyhow::Result<std::path::PathBuf> {
    let path = std::path::Path::new(FOLDER).join(name);
    std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

/// One `opsctl sync`, on record.
pub(super) async fn sync_once(stage: &Stage) -> anyhow::Result<ChannelReport> {
    let ctx = stage.run();
    let work = async {
        let report = sync::run(&ctx, sync::Options::default()).await?;
        let ended = if report.is_whole() {
            Ended::Done
        } else {
            Ended::Partly
        };
        Ok((report, ended))
    };
    let (report, _) = jobs::run(&ctx, "sync", work).await?;
    report
        .channels
        .into_iter()
        .next()
        .context("the demo has a channel")
}

pub(super) fn told_of(report: &ChannelReport) -> Vec<String> {
    let mut told = vec![format!(
        "{} orders new or changed: {} units reserved, {} lacking, {} released, {} shipped",
        report.orders_changed,
        report.units_reserved,
        report.units_backordered,
        report.units_released,
        report.units_shipped
    )];
    if report.pushed > 0 {
        let exposure = report
            .exposure_seconds
            .map(|s| format!(", exposed for {s:.1} s"));
        told.push(format!(
            "{} quantities written to the shop in {} requests{}",
            report.pushed,
            report.push_requests,
            exposure.unwrap_or_default()
        ));
    }
    told.extend(
        report
            .failures
            .iter()
            .map(|failure| format!("failed: {failure}")),
    );
    told
}
