//! A name server that knows no name, and writes down what it is asked.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, SocketAddrV6, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, Result};

/// One question: who was asked, for which name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) server: IpAddr,
    pub(super) name: Vec<u8>,
}

/// The questions so far.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<Question>>>);

impl Log {
    /// Takes what was asked since the last time.
    pub(super) fn take(&self) -> Vec<Question> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether nothing was asked since the last time.
    pub(super) fn is_empty(&self) -> bool {
        let log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.is_empty()
    }

    fn push(&self, question: Question) {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.push(question);
    }
}

/// Answers at these addresses until the process ends. `link` is the number of the link that has
/// the addresses of one link.
pub(super) fn serve(addresses: &[IpAddr], link: u32) -> Result<Log> {
    let log = Log::default();
    for address in addresses.iter().copied() {
        let place = match address {
            IpAddr::V6(v6) if v6.is_unicast_link_local() => {
                SocketAddr::from(SocketAddrV6::new(v6, 53, 0, link))
            }
            _ => SocketAddr::from((address, 53)),
        };
        let socket = UdpSocket::bind(place).with_context(|| format!("bind {place}"))?;
        let listener = TcpListener::bind(place).with_context(|| format!("bind {place}"))?;
        let (by_datagram, by_stream) = (log.clone(), log.clone());
        thread::spawn(move || answer(&socket, address, &by_datagram));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let log = by_stream.clone();
                thread::spawn(move || converse(stream, address, &log));
            }
        });
    }
    Ok(log)
}

fn answer(socket: &UdpSocket, server: IpAddr, log: &Log) {
    let mut packet = [0; 1500];
    while let Ok((length, from)) = socket.recv_from(&mut packet) {
        if let Some(reply) = heard(&packet[..length], server, log) {
            let _ = socket.send_to(&reply, from);
        }
    }
}

/// Questions over TCP, each with its length before it.
fn converse(mut stream: TcpStream, server: IpAddr, log: &Log) -> Option<()> {
    loop {
        let mut length = [0; 2];
        stream.read_exact(&mut length).ok()?;
        let mut packet = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut packet).ok()?;
        let reply = heard(&packet, server, log)?;
        let length = u16::try_from(reply.len()).ok()?.to_be_bytes();
        stream.write_all(&[&length[..], &reply].concat()).ok()?;
    }
}

/// Writes a question down and makes the answer; `None` for what is not a question, as some readers
/// send broken ones.
fn heard(packet: &[u8], server: IpAddr, log: &Log) -> Option<Vec<u8>> {
    let (name, end) = question(packet)?;
    log.push(Question { server, name });
    let mut reply = packet[..end].to_vec();
    // A response, recursion available, no such name; one question and nothing else.
    reply[2] = 0x80 | (packet[2] & 0x01);
    reply[3] = 0x83;
    reply[4..12].copy_from_slice(&[0, 1, 0, 0, 0, 0, 0, 0]);
    Some(reply)
}

/// The name of the first question in lower case, and where the question ends.
fn question(packet: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut at = 12;
    let mut name = Vec::new();
    loop {
        let length = usize::from(*packet.get(at)?);
        at += 1;
        match length {
            0 => break,
            1..=63 => {
                let label = packet.get(at..at + length)?;
                if !name.is_empty() {
                    name.push(b'.');
                }
                name.extend(label.to_ascii_lowercase());
                at += length;
            }
            _ => return None,
        }
    }
    let end = at + 4;
    (packet.len() >= end).then_some((name, end))
}

#[cfg(test)]
mod tests {
    use super::question;

    #[test]
    fn questions_are_read() {
        let header = [0_u8; 12];
        let good = [&header[..], b"\x02Zz\x03one\0\0\x01\0\x01"].concat();
        assert_eq!(question(&good), Some((b"zz.one".to_vec(), good.len())));
        for cut in 0..good.len() {
            assert_eq!(question(&good[..cut]), None, "{cut}");
        }
        let broken = [&header[..], b"\x02zz.\0\0\x01\0\x01"].concat();
        assert_eq!(question(&broken), None);
    }
}
