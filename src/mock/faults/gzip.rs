//! A small gzip text that unpacks to a large one (RFC 1951 and 1952), made by hand: no dependency packs for us.

use std::sync::OnceLock;

use bytes::Bytes;

/// How many bytes come out: above what any reader of a vendor's answer should take.
pub(super) const UNPACKED: usize = 96 * 1_048_576 + 2;

/// The CRC-32 of what comes out. To reckon it takes as long as to unpack it.
const CHECKSUM: u32 = 0x75b2_365c;

/// The packed text, made once: an unfinished JSON string of `x`.
pub(super) fn bomb() -> Bytes {
    static BOMB: OnceLock<Bytes> = OnceLock::new();
    BOMB.get_or_init(|| packed(UNPACKED, CHECKSUM).into())
        .clone()
}

fn packed(unpacked: usize, checksum: u32) -> Vec<u8> {
    // Magic, method deflate, no flags, no time, no hints.
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut bits = Bits {
        out: &mut out,
        held: 0,
        count: 0,
    };
    // The last block, with the fixed codes.
    bits.put(1, 1);
    bits.put(0b01, 2);
    bits.code(literal(b'"'), 8);
    bits.code(literal(b'x'), 8);
    let rest = unpacked - 2;
    for _ in 0..rest / LONGEST {
        // Length code 285 is 258 bytes, distance code 0 is the byte before.
        bits.code(0b1100_0101, 8);
        bits.code(0, 5);
    }
    for _ in 0..rest % LONGEST {
        bits.code(literal(b'x'), 8);
    }
    // End of block, code 256.
    bits.code(0, 7);
    bits.flush();
    out.extend(checksum.to_le_bytes());
    out.extend((unpacked as u32).to_le_bytes());
    out
}

/// The longest match of deflate.
const LONGEST: usize = 258;

fn literal(byte: u8) -> u32 {
    0x30 + u32::from(byte)
}

/// Bits packed from the lowest of each byte on.
struct Bits<'a> {
    out: &'a mut Vec<u8>,
    held: u8,
    count: u32,
}

impl Bits<'_> {
    fn bit(&mut self, bit: u32) {
        self.held |= u8::from(bit != 0) << self.count;
        self.count += 1;
        if self.count == 8 {
            self.flush();
        }
    }

    /// A number, its lowest bit first.
    fn put(&mut self, number: u32, bits: u32) {
        (0..bits).for_each(|at| self.bit(number >> at & 1));
    }

    /// A code, its highest bit first.
    fn code(&mut self, code: u32, bits: u32) {
        (0..bits).rev().for_each(|at| self.bit(code >> at & 1));
    }

    fn flush(&mut self) {
        if self.count > 0 {
            self.out.push(self.held);
            (self.held, self.count) = (0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Unpacks what [`packed`] makes: one block with the fixed codes, and matches of the byte before only.
    fn unpacked(packed: &[u8]) -> Vec<u8> {
        let body = &packed[10..packed.len() - 8];
        let mut bits = (0..body.len() * 8).map(|at| u32::from(body[at / 8] >> (at % 8) & 1));
        let mut take = |count: u32| (0..count).fold(0, |code, _| code << 1 | bits.next().unwrap());
        assert_eq!(take(3), 0b110, "last, fixed codes");
        let mut out = Vec::new();
        loop {
            let mut code = take(7);
            if code == 0 {
                return out;
            }
            code = code << 1 | take(1);
            if code == 0b1100_0101 {
                assert_eq!(take(5), 0);
                let last = *out.last().unwrap();
                out.extend(std::iter::repeat_n(last, LONGEST));
            } else {
                out.push(u8::try_from(code - 0x30).unwrap());
            }
        }
    }

    #[test]
    fn what_is_packed_comes_out() {
        for size in [2, 3, 259, 260, 261, 10_000] {
            let packed = packed(size, 7);
            let text = unpacked(&packed);
            assert_eq!(text.len(), size);
            assert!(text[0] == b'"' && text[1..].iter().all(|byte| *byte == b'x'));
            assert_eq!(packed[packed.len() - 4..], (size as u32).to_le_bytes());
            assert_eq!(packed[packed.len() - 8..packed.len() - 4], [7, 0, 0, 0]);
        }
    }

    #[test]
    fn the_checksum_is_that_of_what_comes_out() {
        let mut table = [0_u32; 256];
        for (byte, entry) in (0_u32..).zip(&mut table) {
            *entry = (0..8).fold(byte, |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)));
        }
        let step = |crc: u32, byte: u8| (crc >> 8) ^ table[(crc as u8 ^ byte) as usize];
        let mut crc = step(u32::MAX, b'"');
        for _ in 1..UNPACKED {
            crc = step(crc, b'x');
        }
        assert_eq!(!crc, CHECKSUM);
    }
}
