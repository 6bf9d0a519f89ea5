//! A stand-in for a registry, with prepared answers.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A server on this machine that sends prepared answers and records all requests.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) requests: Arc<Mutex<String>>,
}

impl Server {
    /// Starts a server. Each answer is for the requests that begin with its text and contain the parts after ` … `;
    /// the last answer is for all others. `PORT` in an answer becomes the server's port. An answer that ends in
    /// `ENDLESS` continues until the client closes the connection.
    pub(crate) fn start(answers: Vec<(&'static str, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let requests = Arc::new(Mutex::new(String::new()));
        let (seen, answers) = (Arc::clone(&requests), Arc::new(answers));
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (seen, answers) = (Arc::clone(&seen), Arc::clone(&answers));
                thread::spawn(move || {
                    let request = read_request(&mut stream);
                    let fits = |(parts, _): &&(&str, String)| {
                        let mut parts = parts.split(" … ");
                        request.starts_with(parts.next().unwrap_or_default())
                            && parts.all(|part| request.contains(part))
                    };
                    let answer = answers.iter().find(fits).or(answers.last()).expect("an answer").1.clone();
                    seen.lock().expect("unpoisoned").push_str(&request);
                    let _ = stream.write_all(answer.replace("PORT", &port.to_string()).as_bytes());
                    while answer.ends_with("ENDLESS") && stream.write_all(&[b'x'; 4096]).is_ok() {}
                });
            }
        });
        Self { port, requests }
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

/// Reads the head of a request, and the body that it announces.
fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        request.extend_from_slice(&buffer[..count]);
        // The beginning of TLS, which this server does not speak.
        if !request[0].is_ascii_alphabetic() {
            break;
        }
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0_usize) {
            break;
        }
    }
    String::from_utf8_lossy(&request).into_owned()
}

/// An answer with this status, such as `200 OK`, and this JSON.
pub(crate) fn json_answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}

/// An answer that requires Basic authentication.
pub(crate) const ASKS_BASIC: &str = "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
