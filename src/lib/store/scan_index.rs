//! The file that answers a scan while the database is down: codes and SKUs to products.
//!
//! A constant hash table on disk, replaced as a whole. Opening reads the header; a lookup
//! reads one row of the directory, one bucket and the records it names, by position, and
//! nothing else. Every byte that is read is held against a checksum kept one level up
//! (header, directory, bucket, record), and a record must itself hold the code it was found
//! by: a damaged file is an error, never a wrong answer.
//!
//! ```text
//! header | records (JSON) ... | buckets ... | directory
//! bucket:    rows of key hash u64, record offset u64, length u32, CRC-32 u32
//! directory: a row for each bucket: offset u64, length u32, CRC-32 u32
//! ```

mod format;

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use self::format::{
    BUCKET_ROW_LEN, DIRECTORY_ROW_LEN, Extent, HEADER_LEN, Header, MAGIC, VERSION, bucket_crc, crc,
    hash, u32_at, u64_at,
};
use crate::domain::gtin::{self, Gtin14};
use crate::domain::time::UtcMs;

/// Keys a bucket holds on average.
const KEYS_A_BUCKET: usize = 8;

/// A product as a scan shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The SKU, without spaces around it.
    pub sku: String,
    /// The title a person reads.
    pub title: String,
    /// The codes on its packs.
    pub gtins: Vec<Pack>,
    /// How its units are told apart (`none`, `lot`, `serial`).
    pub tracking: String,
    /// Units in the house.
    pub on_hand: i64,
    /// Units that may still be promised.
    pub sellable: i64,
    /// Where it is kept, if it has a place.
    pub location: Option<String>,
}

/// A code on a pack, and how many units the pack holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pack {
    /// The code.
    pub gtin: Gtin14,
    /// Units in the pack: 1 for the item itself, more for a case.
    pub units_per_scan: i64,
}

/// A product that a code leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// How it was found.
    pub matched: Matched,
    /// The product.
    pub entry: Entry,
}

/// How a code led to a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Matched {
    /// It is on one of its packs.
    Gtin(Pack),
    /// It is its SKU.
    Sku,
    /// It is its SKU but for capitals.
    SkuIgnoringCase,
}

/// Why the index cannot answer.
#[derive(Debug, thiserror::Error)]
pub enum ScanIndexError {
    /// There is no such file.
    #[error("there is no scan index at {}", .0.display())]
    Missing(PathBuf),
    /// The file is cut off, altered, or no scan index.
    #[error("the scan index {} is damaged: {what}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not hold.
        what: &'static str,
    },
    /// The file is of another version of opsctl.
    #[error("the scan index {} has format {found}, this opsctl reads {VERSION}", .path.display())]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// The version it names.
        found: u32,
    },
    /// The file cannot be read or written.
    #[error("the scan index {} cannot be used: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Writes the index anew and puts it in place of the old one in one step: a reader sees the
/// old file or the new one, also if the machine stops in between. Makes the folder.
///
/// # Errors
/// The file cannot be written; the old one is then still there.
pub fn write(
    path: &Path,
    built_at: UtcMs,
    entries: impl IntoIterator<Item = Entry>,
) -> Result<(), ScanIndexError> {
    replace(path, built_at, entries).map_err(|source| ScanIndexError::Io {
        path: path.to_owned(),
        source,
    })
}

fn replace(
    path: &Path,
    built_at: UtcMs,
    entries: impl IntoIterator<Item = Entry>,
) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let temporary = tempfile::Builder::new()
        .prefix(".scan-index-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    let mut file = BufWriter::new(temporary);
    fill(&mut file, built_at, entries)?;
    let temporary = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

/// A key's hash and the record it leads to.
#[derive(Clone, Copy)]
struct BucketRow {
    hash: u64,
    record: Extent,
}

fn fill(
    file: &mut (impl Write + Seek),
    built_at: UtcMs,
    entries: impl IntoIterator<Item = Entry>,
) -> io::Result<()> {
    file.write_all(&[0; HEADER_LEN])?;
    let mut offset = HEADER_LEN as u64;
    let mut rows = Vec::new();
    let mut count = 0_u64;
    for entry in entries {
        let bytes = serde_json::to_vec(&entry)?;
        let record = append(file, &mut offset, &bytes, crc(&[&bytes]))?;
        let codes = entry.gtins.iter().map(|pack| gtin_key(pack.gtin));
        for key in codes.chain([sku_key(&entry.sku)]) {
            let hash = hash(&key);
            rows.push(BucketRow { hash, record });
        }
        count += 1;
    }
    let buckets = (rows.len() / KEYS_A_BUCKET).max(1) as u64;
    // A key twice on one product gives one row.
    rows.sort_unstable_by_key(|row| (row.hash % buckets, row.hash, row.record.offset));
    rows.dedup_by_key(|row| (row.hash, row.record.offset));
    let mut directory = Vec::with_capacity(buckets as usize * DIRECTORY_ROW_LEN);
    let mut rest = rows.as_slice();
    for bucket in 0..buckets {
        let here = rest.partition_point(|row| row.hash % buckets == bucket);
        let mut bytes = Vec::with_capacity(here * BUCKET_ROW_LEN);
        for row in &rest[..here] {
            bytes.extend(row.hash.to_le_bytes());
            bytes.extend(row.record.to_bytes());
        }
        rest = &rest[here..];
        let crc = bucket_crc(bucket, &bytes);
        directory.extend(append(file, &mut offset, &bytes, crc)?.to_bytes());
    }
    file.write_all(&directory)?;
    let header = Header {
        buckets,
        built_at,
        entries: count,
        directory: offset,
        file_len: offset + directory.len() as u64,
    };
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&header.to_bytes())?;
    file.flush()
}

fn append(file: &mut impl Write, offset: &mut u64, bytes: &[u8], crc: u32) -> io::Result<Extent> {
    file.write_all(bytes)?;
    let extent = Extent {
        offset: *offset,
        len: u32::try_from(bytes.len()).map_err(io::Error::other)?,
        crc,
    };
    *offset += bytes.len() as u64;
    Ok(extent)
}

/// An open index. It goes on answering from the file it opened while a sync puts a new one
/// in its place.
#[derive(Debug)]
pub struct ScanIndex {
    path: PathBuf,
    file: File,
    header: Header,
}

impl ScanIndex {
    /// Opens the index and reads its header.
    ///
    /// # Errors
    /// The file is missing, cut off, foreign, or of another version.
    pub fn open(path: &Path) -> Result<Self, ScanIndexError> {
        let broken = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => ScanIndexError::Missing(path.to_owned()),
            _ => ScanIndexError::Io {
                path: path.to_owned(),
                source,
            },
        };
        let damaged = |what| ScanIndexError::Damaged {
            path: path.to_owned(),
            what,
        };
        let file = File::open(path).map_err(broken)?;
        let len = file.metadata().map_err(broken)?.len();
        if len < HEADER_LEN as u64 {
            return Err(damaged("it is cut off"));
        }
        let mut bytes = [0; HEADER_LEN];
        file.read_exact_at(&mut bytes, 0).map_err(broken)?;
        if bytes[..8] != MAGIC {
            return Err(damaged("it is not a scan index"));
        }
        if crc(&[&bytes[..48]]) != u32_at(&bytes, 48) {
            return Err(damaged("its header is altered"));
        }
        let found = u32_at(&bytes, 8);
        if found != VERSION {
            return Err(ScanIndexError::OtherVersion {
                path: path.to_owned(),
                found,
            });
        }
        let header = Header::from_bytes(&bytes);
        if header.file_len != len {
            return Err(damaged("its length is not the one it was written with"));
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            header,
        })
    }

    /// When its contents were true.
    pub fn built_at(&self) -> UtcMs {
        self.header.built_at
    }

    /// How many products it holds.
    pub fn len(&self) -> u64 {
        self.header.entries
    }

    /// Whether it holds no product.
    pub fn is_empty(&self) -> bool {
        self.header.entries == 0
    }

    /// Every product that a code leads to: by a code on its packs in any form (both
    /// readings, where eight digits have two), and by its SKU. Capitals in a SKU are
    /// overlooked only where nothing else is found. No product is named twice for one pack.
    ///
    /// # Errors
    /// The file is damaged or cannot be read.
    pub fn lookup(&self, code: &str) -> Result<Vec<Hit>, ScanIndexError> {
        let code = code.trim();
        let mut hits = Vec::new();
        for gtin in gtin::readings(code).unwrap_or_default() {
            for entry in self.entries(&gtin_key(gtin))? {
                let packs = entry.gtins.iter().filter(|pack| pack.gtin == gtin);
                hits.extend(packs.map(|pack| Hit {
                    matched: Matched::Gtin(*pack),
                    entry: entry.clone(),
                }));
            }
        }
        let folded = fold(code);
        let mut named = self.entries(&sku_key(code))?;
        named.retain(|entry| {
            fold(&entry.sku) == folded && !hits.iter().any(|hit| hit.entry.sku == entry.sku)
        });
        let matched = if named.iter().any(|entry| entry.sku == code) {
            named.retain(|entry| entry.sku == code);
            Matched::Sku
        } else {
            if !hits.is_empty() {
                named.clear();
            }
            Matched::SkuIgnoringCase
        };
        hits.extend(named.into_iter().map(|entry| Hit { matched, entry }));
        Ok(hits)
    }

    /// The records that a key's hash leads to, in the order they were written.
    fn entries(&self, key: &[u8]) -> Result<Vec<Entry>, ScanIndexError> {
        let hash = hash(key);
        let bucket = hash % self.header.buckets;
        let row = Extent {
            offset: self.header.directory + bucket * DIRECTORY_ROW_LEN as u64,
            len: DIRECTORY_ROW_LEN as u32,
            crc: 0,
        };
        let extent = Extent::from_bytes(&self.read(row)?);
        let rows = self.read(extent)?;
        if bucket_crc(bucket, &rows) != extent.crc || rows.len() % BUCKET_ROW_LEN != 0 {
            return Err(self.damaged("a bucket is altered"));
        }
        rows.chunks_exact(BUCKET_ROW_LEN)
            .filter(|row| u64_at(row, 0) == hash)
            .map(|row| {
                let extent = Extent::from_bytes(&row[8..]);
                let bytes = self.read(extent)?;
                if crc(&[&bytes]) != extent.crc {
                    return Err(self.damaged("a record is altered"));
                }
                serde_json::from_slice(&bytes).map_err(|_| self.damaged("a record is unreadable"))
            })
            .collect()
    }

    fn read(&self, extent: Extent) -> Result<Vec<u8>, ScanIndexError> {
        let end = extent.offset.checked_add(u64::from(extent.len));
        if end.is_none_or(|end| end > self.header.file_len) {
            return Err(self.damaged("it points past its end"));
        }
        let mut bytes = vec![0; extent.len as usize];
        match self.file.read_exact_at(&mut bytes, extent.offset) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.damaged("it is cut off"))
            }
            Err(source) => Err(ScanIndexError::Io {
                path: self.path.clone(),
                source,
            }),
        }
    }

    fn damaged(&self, what: &'static str) -> ScanIndexError {
        ScanIndexError::Damaged {
            path: self.path.clone(),
            what,
        }
    }
}

fn gtin_key(gtin: Gtin14) -> Vec<u8> {
    let mut key = vec![b'g'];
    key.extend(gtin.as_u64().to_le_bytes());
    key
}

fn sku_key(sku: &str) -> Vec<u8> {
    let mut key = vec![b's'];
    key.extend(fold(sku).bytes());
    key
}

fn fold(sku: &str) -> String {
    sku.to_lowercase()
}

#[cfg(test)]
mod tests;
