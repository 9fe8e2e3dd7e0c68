//! The numbers in a scan index: where they stand, how they are read, what they are checked by.

use crate::domain::time::UtcMs;

pub(super) const MAGIC: [u8; 8] = *b"opsscan\n";
pub(super) const VERSION: u32 = 1;
pub(super) const HEADER_LEN: usize = 52;
pub(super) const BUCKET_ROW_LEN: usize = 24;
pub(super) const DIRECTORY_ROW_LEN: usize = 16;

/// A stretch of the file and its checksum.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    pub(super) offset: u64,
    pub(super) len: u32,
    pub(super) crc: u32,
}

#[derive(Debug)]
pub(super) struct Header {
    pub(super) buckets: u64,
    pub(super) built_at: UtcMs,
    pub(super) entries: u64,
    pub(super) directory: u64,
    pub(super) file_len: u64,
}

impl Header {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_LEN);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((self.buckets as u32).to_le_bytes());
        bytes.extend(self.built_at.0.to_le_bytes());
        bytes.extend(self.entries.to_le_bytes());
        bytes.extend(self.directory.to_le_bytes());
        bytes.extend(self.file_len.to_le_bytes());
        bytes.extend(crc(&[&bytes]).to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        Self {
            buckets: u64::from(u32_at(bytes, 12)).max(1),
            built_at: UtcMs(u64_at(bytes, 16) as i64),
            entries: u64_at(bytes, 24),
            directory: u64_at(bytes, 32),
            file_len: u64_at(bytes, 40),
        }
    }
}

impl Extent {
    pub(super) fn to_bytes(self) -> [u8; DIRECTORY_ROW_LEN] {
        let mut bytes = [0; DIRECTORY_ROW_LEN];
        bytes[..8].copy_from_slice(&self.offset.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.len.to_le_bytes());
        bytes[12..].copy_from_slice(&self.crc.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        Self {
            offset: u64_at(bytes, 0),
            len: u32_at(bytes, 8),
            crc: u32_at(bytes, 12),
        }
    }
}

/// The little-endian number in the eight bytes from `at` on.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + 8]
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The little-endian number in the four bytes from `at` on.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4]
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// FNV-1a: spreads keys over buckets. Which record a hash means is settled by the record.
pub(super) fn hash(key: &[u8]) -> u64 {
    key.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

pub(super) fn bucket_crc(bucket: u64, rows: &[u8]) -> u32 {
    crc(&[&bucket.to_le_bytes(), rows])
}

pub(super) fn crc(parts: &[&[u8]]) -> u32 {
    let mut crc = flate2::Crc::new();
    for part in parts {
        crc.update(part);
    }
    crc.sum()
}
