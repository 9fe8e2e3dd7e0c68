//! The messages of IPP: what is asked as bytes, and what is answered.

use std::io::Cursor;

use ipp::attribute::{IppAttribute, IppAttributeGroup, IppAttributes};
use ipp::model::{DelimiterTag, IppVersion, Operation, StatusCode};
use ipp::parser::{IppParseError, IppParser};
use ipp::prelude::Uri;
use ipp::reader::IppReader;
use ipp::request::IppRequestResponse;
use ipp::value::IppValue;

use super::{Error, Job, JobState, Print, Queue};
use crate::integrations::percent;

/// Whose jobs ours are.
const USER: &str = "opsctl";
/// Bytes of a name, at most (RFC 8011, 5.1.3).
const LONGEST_NAME: usize = 255;

/// A request, ready to be sent.
pub struct Asked {
    pub url: String,
    pub bytes: Vec<u8>,
}

impl Asked {
    pub fn queue(server: &str, queue: &str) -> Result<Self, Error> {
        let wanted = [
            "printer-state",
            "printer-state-message",
            "printer-state-reasons",
            "printer-is-accepting-jobs",
        ];
        of_queue(server, queue, Operation::GetPrinterAttributes, |request| {
            add(request, "requested-attributes", keywords(&wanted)?)
        })
    }

    pub fn print(server: &str, print: &Print<'_>) -> Result<Self, Error> {
        of_queue(server, print.queue, Operation::PrintJob, |request| {
            let name = IppValue::new_name_without_language(print.name)?;
            add(request, "job-name", name)?;
            let title = IppValue::new_name_without_language(cut(print.title))?;
            add(request, "document-name", title)?;
            let format = IppValue::new_mime_media_type(print.format)?;
            add(request, "document-format", format)
        })
    }

    pub fn job(server: &str, id: i64) -> Result<Self, Error> {
        of_job(server, id, Operation::GetJobAttributes, |request| {
            add(request, "requested-attributes", keywords(JOB)?)
        })
    }

    pub fn jobs(server: &str, queue: &str) -> Result<Self, Error> {
        of_queue(server, queue, Operation::GetJobs, |request| {
            add(request, "which-jobs", IppValue::new_keyword("all")?)?;
            add(request, "my-jobs", IppValue::new_boolean(true))?;
            add(request, "requested-attributes", keywords(JOB)?)
        })
    }

    pub fn cancel(server: &str, id: i64) -> Result<Self, Error> {
        of_job(server, id, Operation::CancelJob, |_| Ok(()))
    }
}

/// What is asked of a job.
const JOB: &[&str] = &[
    "job-id",
    "job-name",
    "job-state",
    "job-state-message",
    "job-printer-state-message",
];

type Made = Result<(), IppParseError>;

fn of_queue(
    server: &str,
    queue: &str,
    operation: Operation,
    more: impl FnOnce(&mut IppRequestResponse) -> Made,
) -> Result<Asked, Error> {
    made(
        server,
        &format!("/printers/{}", percent::encode(queue)),
        operation,
        more,
    )
}

fn of_job(
    server: &str,
    id: i64,
    operation: Operation,
    more: impl FnOnce(&mut IppRequestResponse) -> Made,
) -> Result<Asked, Error> {
    let id = i32::try_from(id).map_err(|_| Error::NotFound)?;
    made(server, "/jobs/", operation, |request| {
        add(request, "job-id", IppValue::new_integer(id))?;
        more(request)
    })
}

fn made(
    server: &str,
    path: &str,
    operation: Operation,
    more: impl FnOnce(&mut IppRequestResponse) -> Made,
) -> Result<Asked, Error> {
    let url = format!("{server}{path}");
    let uri: Uri = url
        .parse()
        .map_err(|_| Error::Invalid(format!("{url:?} is no address")))?;
    let request = || -> Result<IppRequestResponse, IppParseError> {
        let mut request = IppRequestResponse::new(IppVersion::v1_1(), operation, Some(uri))?;
        let user = IppValue::new_name_without_language(USER)?;
        add(&mut request, "requesting-user-name", user)?;
        more(&mut request)?;
        Ok(request)
    };
    let request = request().map_err(|error| Error::Invalid(error.to_string()))?;
    Ok(Asked {
        url,
        bytes: request.to_bytes().to_vec(),
    })
}

fn add(request: &mut IppRequestResponse, name: &str, value: IppValue) -> Made {
    let attribute = IppAttribute::with_name(name, value)?;
    let attributes = request.attributes_mut();
    attributes.add(DelimiterTag::OperationAttributes, attribute);
    Ok(())
}

fn keywords(names: &[&str]) -> Result<IppValue, IppParseError> {
    let names: Result<Vec<IppValue>, _> = names.iter().map(|n| IppValue::new_keyword(*n)).collect();
    Ok(IppValue::Array(names?))
}

/// A title that fits a name of IPP.
fn cut(title: &str) -> &str {
    let end = title.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = end.take_while(|end| *end <= LONGEST_NAME).last();
    &title[..end.unwrap_or(0)]
}

/// An answer.
pub struct Answer {
    status: i16,
    attributes: IppAttributes,
}

impl Answer {
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let parser = IppParser::new(IppReader::new(Cursor::new(bytes.to_vec())));
        let (header, attributes, _) = parser.parse_parts().map_err(|error| error.to_string())?;
        Ok(Self {
            status: header.operation_or_status,
            attributes,
        })
    }

    /// The answer, where it is one of success; `clean` makes the server's words fit to be
    /// shown.
    pub fn checked(self, clean: impl Fn(&str) -> String) -> Result<Self, Error> {
        let header = ipp::IppHeader::new(IppVersion::v1_1(), self.status, 0);
        let status = header.status_code();
        let words = || {
            let group = self.attributes.first_of(DelimiterTag::OperationAttributes);
            let said = group.map(|group| text(group, "status-message"));
            let said = said.filter(|said| !said.is_empty());
            clean(&said.unwrap_or_else(|| status.to_string()))
        };
        match status {
            _ if (0..0x0100).contains(&self.status) => Ok(self),
            StatusCode::ClientErrorNotFound | StatusCode::ClientErrorGone => Err(Error::NotFound),
            StatusCode::ServerErrorNotAcceptingJobs => Err(Error::NotAccepting),
            StatusCode::ClientErrorNotPossible => Err(Error::Ended),
            StatusCode::ServerErrorBusy
            | StatusCode::ServerErrorTemporaryError
            | StatusCode::ServerErrorServiceUnavailable => Err(Error::Busy(words())),
            _ => Err(Error::Rejected(words())),
        }
    }

    pub fn queue(&self) -> Queue {
        let Some(group) = self.attributes.first_of(DelimiterTag::PrinterAttributes) else {
            return Queue::Missing;
        };
        let reasons: Vec<String> = texts(group, "printer-state-reasons")
            .into_iter()
            .filter(|reason| reason != "none")
            .collect();
        let mut said = text(group, "printer-state-message");
        if said.is_empty() {
            said = reasons.join(", ");
        }
        let accepting = group.get("printer-is-accepting-jobs");
        let accepting = accepting.and_then(|a| a.value().as_boolean().copied());
        if accepting == Some(false) {
            Queue::Rejecting(said)
        } else if number(group, "printer-state") == Some(5) {
            Queue::Stopped(said)
        } else {
            Queue::Ready
        }
    }

    pub fn jobs(&self) -> Vec<Job> {
        let groups = self.attributes.groups_of(DelimiterTag::JobAttributes);
        groups
            .filter_map(|group| {
                let said = [
                    text(group, "job-printer-state-message"),
                    text(group, "job-state-message"),
                ];
                Some(Job {
                    id: number(group, "job-id")?.into(),
                    name: text(group, "job-name"),
                    state: number(group, "job-state").map_or(JobState::Other(0), state),
                    said: said.into_iter().find(|s| !s.is_empty()).unwrap_or_default(),
                })
            })
            .collect()
    }
}

fn state(number: i32) -> JobState {
    match number {
        3 => JobState::Pending,
        4 => JobState::Held,
        5 => JobState::Processing,
        6 => JobState::Stopped,
        7 => JobState::Canceled,
        8 => JobState::Aborted,
        9 => JobState::Completed,
        other => JobState::Other(other),
    }
}

fn number(group: &IppAttributeGroup, name: &str) -> Option<i32> {
    match group.get(name)?.value() {
        IppValue::Integer(number) | IppValue::Enum(number) => Some(*number),
        _ => None,
    }
}

fn texts(group: &IppAttributeGroup, name: &str) -> Vec<String> {
    let Some(attribute) = group.get(name) else {
        return Vec::new();
    };
    let values = attribute.value().into_iter();
    values.filter_map(one_text).collect()
}

fn text(group: &IppAttributeGroup, name: &str) -> String {
    texts(group, name).into_iter().next().unwrap_or_default()
}

fn one_text(value: &IppValue) -> Option<String> {
    match value {
        IppValue::NoValue | IppValue::Array(_) | IppValue::Collection(_) => None,
        IppValue::NameWithLanguage { name, .. } => Some(name.to_string()),
        IppValue::TextWithLanguage { text, .. } => Some(text.to_string()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_cut_between_letters() {
        assert_eq!(cut("label"), "label");
        let long = "é".repeat(200);
        assert_eq!(cut(&long).len(), 254);
        assert_eq!(cut(""), "");
    }

    #[test]
    fn a_request_says_whose_it_is_and_what_for() {
        let print = Print {
            queue: "zebra 1",
            name: "document:1 abc",
            title: "label 1 of 2",
            format: "application/vnd.cups-raw",
            bytes: b"",
        };
        let asked = Asked::print("http://127.0.0.1:631", &print).unwrap();
        assert_eq!(asked.url, "http://127.0.0.1:631/printers/zebra%201");
        let text = String::from_utf8_lossy(&asked.bytes).into_owned();
        for part in [
            "ipp://127.0.0.1:631/printers/zebra%201",
            "requesting-user-name",
            "document:1 abc",
            "label 1 of 2",
            "application/vnd.cups-raw",
        ] {
            assert!(text.contains(part), "{part} is not in {text:?}");
        }
    }

    #[test]
    fn what_is_no_answer_of_ipp_is_none() {
        assert!(Answer::read(b"<html>maintenance</html>").is_err());
        assert!(Answer::read(b"").is_err());
    }
}
