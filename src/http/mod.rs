//! One request to a server, and its answer, within limits of time and size.
//!
//! What a server says is taken for data, and what is sent to it may be a secret: no error holds a header or a
//! body, nothing follows a redirect to another host, and nothing is sent twice that must not be.

pub mod endpoint;
mod error;
#[cfg(feature = "online")]
pub mod json_body;
mod request;
mod retry;
pub mod server_text;
mod tls;

use std::cell::OnceCell;
use std::fmt;
use std::io::Read;
use std::time::Duration;

use serde::Deserialize;
use ureq::http::{HeaderMap, HeaderValue, header};
use ureq::tls::TlsConfig;
use ureq::{Agent, AsSendBody, Body, Proxy};
use zeroize::Zeroizing;

use crate::http::endpoint::{Endpoint, PlainHttp};
pub use crate::http::error::HttpError;
pub use crate::http::request::{Authorization, HttpRequest, JSON, Method, Repeat};
pub use crate::http::tls::CA_FILE;
use crate::system::limited_read::{InputError, read_input};

/// How long a server may take to be found, and how long to be connected to.
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);

/// How long one request may take as a whole, its answer read.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most that is read of an answer, in bytes: 1 MiB.
const MAX_BODY_BYTES: u64 = 1024 * 1024;

/// The most that is read of an answer's headers, in bytes: 32 KiB.
const MAX_HEADER_BYTES: usize = 32 * 1024;

/// How this program names itself: <https://www.rfc-editor.org/rfc/rfc9110#name-user-agent>.
const USER_AGENT: &str = concat!("docker-credential-pat/", env!("CARGO_PKG_VERSION"));

/// How many redirects within one host are followed.
const MAX_REDIRECTS: usize = 3;

/// What a server has answered. Its body is wiped.
pub struct Response {
    at: String,
    /// The status: <https://www.rfc-editor.org/rfc/rfc9110#section-15>.
    pub status: u16,
    headers: HeaderMap,
    body: Zeroizing<Vec<u8>>,
}

impl Response {
    /// Returns a header's text; `None` when it is not there or no text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns every header of a name that is text.
    pub fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
    }

    /// Returns the body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Reads the body as JSON.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, HttpError> {
        serde_json::from_slice(&self.body).map_err(|_| HttpError::Unexpected { at: self.at.clone() })
    }

    /// Returns the error for an answer that fits no question.
    pub fn unexpected(&self) -> HttpError {
        HttpError::Unexpected { at: self.at.clone() }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Answer({} from {})", self.status, self.at)
    }
}

/// What asks servers. The certificates that it trusts are read when they are first needed.
pub struct Http {
    encrypted: OnceCell<Agent>,
    pause: Duration,
}

impl Default for Http {
    fn default() -> Self {
        Self { encrypted: OnceCell::new(), pause: retry::PAUSE }
    }
}

impl Http {
    /// Sends a request, and again where that is harmless and may help. What is waited for is told.
    ///
    /// # Errors
    /// When there is no answer. A status that means an error is an answer.
    pub fn send(
        &self,
        request: &HttpRequest<'_>,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Response, HttpError> {
        retry::send(request.repeat, self.pause, progress, || self.follow(request))
    }

    /// Follows redirects within the host, for what only reads.
    fn follow(&self, request: &HttpRequest<'_>) -> Result<Response, HttpError> {
        let mut place = request.place.clone();
        for _ in 0..=MAX_REDIRECTS {
            let answer = self.once(&HttpRequest { place: &place, ..*request })?;
            let is_redirect = matches!(answer.status, 301 | 302 | 303 | 307 | 308);
            let Some(to) = answer.header("location").filter(|_| is_redirect) else { return Ok(answer) };
            place = match redirected(&place, to) {
                Ok(there) if request.method.only_reads() => there,
                Ok(there) => {
                    return Err(HttpError::Redirected { at: place.to_string(), to: there.to_string() });
                }
                Err(to) => return Err(HttpError::Redirected { at: place.to_string(), to }),
            };
        }
        Err(HttpError::Redirected { at: place.to_string(), to: "itself again and again".to_owned() })
    }

    fn once(&self, request: &HttpRequest<'_>) -> Result<Response, HttpError> {
        let at = request.place.to_string();
        let head = head(request)?;
        let sent = match request.body {
            Some((_, body)) => self.run(head.map(|()| body), request.place)?,
            None => self.run(head, request.place)?,
        };
        let (parts, body) = sent.map_err(|error| tls::to_http_error(error, &at, PATIENCE))?.into_parts();
        let reader = body.into_with_config().limit(u64::MAX).reader();
        let body = read_input(reader.take(MAX_BODY_BYTES + 1)).map_err(|error| match error {
            InputError::Read(error) => tls::to_http_error(error.into(), &at, PATIENCE),
            InputError::TooLarge => HttpError::TooLarge { at: at.clone() },
        })?;
        if u64::try_from(body.len()).is_ok_and(|bytes| bytes <= MAX_BODY_BYTES) {
            Ok(Response { at, status: parts.status.as_u16(), headers: parts.headers, body })
        } else {
            Err(HttpError::TooLarge { at })
        }
    }

    fn run(
        &self,
        request: ureq::http::Request<impl AsSendBody>,
        place: &Endpoint,
    ) -> Result<Result<ureq::http::Response<Body>, ureq::Error>, HttpError> {
        let plain;
        let agent = if !place.is_encrypted() {
            plain = agent(TlsConfig::default());
            &plain
        } else if let Some(agent) = self.encrypted.get() {
            agent
        } else {
            let trusting = agent(tls::config()?);
            self.encrypted.get_or_init(|| trusting)
        };
        // Nothing within this machine is looked for behind a proxy.
        let proxy = if place.is_loopback() { None } else { Proxy::try_from_env() };
        Ok(agent.run(agent.configure_request(request).proxy(proxy).build()))
    }
}

/// Makes what sends requests within the limits.
fn agent(trusted: TlsConfig) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_response_header_size(MAX_HEADER_BYTES)
        .timeout_resolve(Some(CONNECT_PATIENCE))
        .timeout_connect(Some(CONNECT_PATIENCE))
        .timeout_global(Some(PATIENCE))
        .user_agent(USER_AGENT)
        .tls_config(trusted)
        .build()
        .new_agent()
}

/// Writes the head of a request.
fn head(request: &HttpRequest<'_>) -> Result<ureq::http::Request<()>, HttpError> {
    let unsendable = || HttpError::Unsendable { at: request.place.to_string() };
    let mut head = ureq::http::Request::new(());
    *head.method_mut() = request.method.verb();
    *head.uri_mut() = request.place.uri().clone();
    let headers = head.headers_mut();
    headers.insert(header::ACCEPT, HeaderValue::from_static(request.accept));
    if let Some((kind, _)) = request.body {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    if let Some(Authorization(text)) = request.authorization {
        let mut value = HeaderValue::from_str(text).map_err(|_| unsendable())?;
        value.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, value);
    }
    Ok(head)
}

/// Returns where a redirect leads within the same host, or the name of where else.
fn redirected(from: &Endpoint, to: &str) -> Result<Endpoint, String> {
    let there = match to {
        path if path.starts_with('/') && !path.starts_with("//") => from.with_path(path),
        address => Endpoint::parse(address, PlainHttp::Anywhere),
    };
    match there {
        Ok(there) if there.is_same_origin(from) => Ok(there),
        Ok(there) => Err(there.to_string()),
        Err(_) => Err("what is no address".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;
    use std::sync::{Arc, Mutex};
    use std::thread;

    use super::*;

    /// A server that gives each connection the next answer, and the last one again; it keeps what was asked.
    fn server(answers: &'static [&'static str]) -> (Endpoint, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let Ok(mut stream) = stream else { return };
                let mut bytes = vec![0; 8192];
                let mut count = stream.read(&mut bytes).unwrap_or_default();
                // A body may come in a packet of its own.
                if bytes.starts_with(b"POST") && bytes[..count].ends_with(b"\r\n\r\n") {
                    count += stream.read(&mut bytes[count..]).unwrap_or_default();
                }
                seen.lock().expect("unpoisoned").push(String::from_utf8_lossy(&bytes[..count]).into_owned());
                let answer = answers[number.min(answers.len() - 1)];
                let _ = stream.write_all(answer.replace("PORT", &port.to_string()).as_bytes());
                // Endless ones go on until nobody listens any more.
                while answer.ends_with("ENDLESS") && stream.write_all(&[b'x'; 4096]).is_ok() {}
                thread::sleep(Duration::from_millis(if answer.is_empty() { 15_000 } else { 0 }));
            }
        });
        (Endpoint::parse(&format!("http://127.0.0.1:{port}/a"), PlainHttp::Loopback).expect("a place"), asked)
    }

    fn send(request: &HttpRequest<'_>) -> Result<Response, HttpError> {
        let http = Http { pause: Duration::from_millis(1), ..Http::default() };
        http.send(request, &mut |_| {})
    }

    /// Asks a server that answers so, and returns the error without its address.
    fn refused(answer: &'static [&'static str]) -> String {
        let (place, _) = server(answer);
        let error = send(&HttpRequest::get(&place)).expect_err("no answer");
        error.to_string().replace(&place.to_string(), "HOST")
    }

    #[test]
    fn an_answer_comes_with_its_status_its_headers_and_its_body() {
        let (place, asked) =
            server(&["HTTP/1.1 404 No\r\nX-Some: thing\r\nContent-Length: 7\r\n\r\n{\"a\":1}"]);
        let authorization = Authorization::basic("alice", "pw");
        let request = HttpRequest {
            method: Method::Post,
            authorization: Some(&authorization),
            body: Some((JSON, b"{}")),
            repeat: Repeat::Never,
            ..HttpRequest::get(&place)
        };
        let answer = send(&request).expect("an answer");
        assert_eq!(
            (answer.status, answer.header("x-some"), answer.body()),
            (404, Some("thing"), &b"{\"a\":1}"[..])
        );
        let asked = asked.lock().expect("unpoisoned").concat();
        for part in [
            "POST /a HTTP/1.1",
            "authorization: Basic YWxpY2U6cHc=",
            "content-length: 2",
            USER_AGENT,
            "\r\n\r\n{}",
        ] {
            assert!(asked.contains(part), "{part} in {asked}");
        }
    }

    #[test]
    fn what_never_ends_or_is_no_http_is_refused() {
        for (answer, want) in [
            (
                &["HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\nENDLESS"][..],
                "the answer of HOST is too large",
            ),
            (
                &["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\nENDLESS"],
                "the answer of HOST is too large",
            ),
            (&["HTTP/1.1 200 OK\r\nX: ENDLESS"], "the answer of HOST is too large"),
            (&["hello\r\n\r\n"], "the answer of HOST is broken"),
            (&["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"], "the answer of HOST is broken"),
        ] {
            assert_eq!(refused(answer), want, "{answer:?}");
        }
    }

    #[test]
    fn a_silent_server_is_given_up() {
        assert_eq!(refused(&[""]), "HOST gave no answer within 10 s");
    }

    #[test]
    fn a_redirect_is_followed_within_the_host_only() {
        let (place, asked) = server(&[
            "HTTP/1.1 307 Go\r\nLocation: /b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        ]);
        assert_eq!(send(&HttpRequest::get(&place)).expect("an answer").body(), b"ok");
        assert!(asked.lock().expect("unpoisoned")[1].starts_with("GET /b HTTP/1.1"));
        for to in [
            "HTTP/1.1 302 Go\r\nLocation: http://localhost:PORT/\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 302 Go\r\nLocation: https://evil.example/?q\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 302 Go\r\nLocation: //evil.example/\r\nContent-Length: 0\r\n\r\n",
        ] {
            let told = refused(Box::leak(Box::new([to])));
            assert!(told.starts_with("HOST sends to ") && told.ends_with("where nothing is sent"), "{told}");
        }
        let around = "HTTP/1.1 302 Go\r\nLocation: /a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        assert!(refused(Box::leak(Box::new([around]))).contains("again and again"));
    }

    #[test]
    fn only_what_is_harmless_is_sent_again() {
        const BUSY: &str =
            "HTTP/1.1 429 No\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        const ILL: &str = "HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        const FINE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        for (answers, repeat, status, tries) in [
            (&[ILL, "x", FINE][..], Repeat::Harmless, 200, 3),
            (&[ILL][..], Repeat::Harmless, 503, 3),
            (&[ILL, FINE], Repeat::Never, 503, 1),
            (&[BUSY, FINE], Repeat::Never, 200, 2),
        ] {
            let (place, asked) = server(answers);
            let answer = send(&HttpRequest { repeat, ..HttpRequest::get(&place) }).expect("an answer");
            assert_eq!(
                (answer.status, asked.lock().expect("unpoisoned").len()),
                (status, tries),
                "{answers:?}"
            );
        }
        let later = "HTTP/1.1 429 No\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(refused(Box::leak(Box::new([later]))), "HOST asks to wait for 3600 s");
    }

    #[test]
    fn nothing_secret_shows_when_it_is_debugged() {
        assert_eq!(format!("{:?}", Authorization::bearer("canary")), "Authorization(..)");
        let (place, _) = server(&["HTTP/1.1 200 OK\r\nX: canary\r\nContent-Length: 6\r\n\r\ncanary"]);
        let answer = send(&HttpRequest::get(&place)).expect("an answer");
        assert!(!format!("{answer:?}").contains("canary"));
        assert!(!answer.json::<String>().expect_err("no JSON").to_string().contains("canary"));
        let authorization = Authorization::bearer("canary\n");
        let request = HttpRequest { authorization: Some(&authorization), ..HttpRequest::get(&place) };
        assert!(!send(&request).expect_err("no header").to_string().contains("canary"));
    }
}
