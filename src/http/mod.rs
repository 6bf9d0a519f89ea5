//! Sends HTTP requests within limits of time and size.
//!
//! A request may hold a secret, and an answer may hold anything. No error holds a header or a body, no redirect
//! to another host is followed, and a request is repeated only where a repetition is harmless.

pub mod endpoint;
mod error;
pub mod json_body;
pub mod list_limits;
mod loopback;
mod proxy;
mod request;
mod retry;
pub mod server_text;
pub mod short_text;
mod tls;

use std::cell::OnceCell;
use std::fmt;
use std::io::Read;
use std::time::{Duration, Instant};

use serde::Deserialize;
use ureq::http::{HeaderMap, HeaderValue, header};
use ureq::tls::TlsConfig;
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, AsSendBody, Body, Proxy};
use zeroize::Zeroizing;

use crate::http::endpoint::{Endpoint, PlainHttp};
pub use crate::http::error::HttpError;
use crate::http::loopback::LoopbackResolver;
pub use crate::http::request::{Authorization, HttpRequest, JSON, Method, Repeat};
use crate::http::server_text::SessionSecrets;
pub use crate::http::tls::CA_FILE;
use crate::system::background::BackgroundTask;
use crate::system::limited_read::{InputError, read_input};
use crate::system::sanitize::error_words;
use crate::system::slow_notice::SlowNotice;

/// The time limit for a name lookup, and for a connection.
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);

/// The time limit for one request with its whole answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The largest body of an answer, in bytes.
const MAX_BODY_BYTES: u64 = 1024 * 1024;

/// The largest headers of an answer, in bytes.
const MAX_HEADER_BYTES: usize = 32 * 1024;

/// The `User-Agent` header: <https://www.rfc-editor.org/rfc/rfc9110#name-user-agent>.
const USER_AGENT: &str = concat!("docker-credential-pat/", env!("CARGO_PKG_VERSION"));

/// The maximum number of redirects within one host that are followed.
const MAX_REDIRECTS: usize = 3;

/// The answer of a server. The body is wiped.
pub struct Response {
    /// Scheme, host and port of the server.
    at: String,
    pub status: u16,
    headers: HeaderMap,
    body: Zeroizing<Vec<u8>>,
}

impl Response {
    /// Returns the text of a header; `None` when it is missing or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the texts of every header of this name; headers that are not text are omitted.
    pub fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
    }

    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Parses the body as JSON.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, HttpError> {
        serde_json::from_slice(&self.body).map_err(|_| HttpError::Unexpected { at: self.at.clone() })
    }

    /// Returns the error for an answer that does not have the documented form.
    pub fn unexpected(&self) -> HttpError {
        HttpError::Unexpected { at: self.at.clone() }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Answer({} from {})", self.status, self.at)
    }
}

/// An HTTP client. It reads the trusted certificates when it first needs them.
pub struct Http {
    encrypted: OnceCell<Agent>,
    pause: Duration,
    secrets: SessionSecrets,
}

impl Default for Http {
    fn default() -> Self {
        Self { encrypted: OnceCell::new(), pause: retry::PAUSE, secrets: SessionSecrets::default() }
    }
}

impl Http {
    /// Returns the secrets that are masked in the texts of servers. A request adds its authorization by itself; a secret
    /// in a body or in an answer must be added.
    pub fn secrets(&self) -> &SessionSecrets {
        &self.secrets
    }

    /// Sends a request, and repeats it where that is harmless and may help. `progress` gets a line for people
    /// before each wait. An answer with an error status is a success here.
    pub fn send(
        &self,
        request: &HttpRequest<'_>,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Response, HttpError> {
        if let Some(authorization) = request.authorization {
            self.secrets.add(authorization.credentials());
        }
        // A registry chooses the host of its token endpoint.
        let mut progress = |line: &str| progress(&self.secrets.mask(line));
        retry::send(request.repeat, self.pause, request.deadline, &mut progress, || {
            let line = format!("waiting for {}", request.endpoint);
            let _notice = SlowNotice::start(self.secrets.mask(&line).as_str());
            self.send_following(request)
        })
    }

    /// Follows redirects within the host, for requests that only read.
    fn send_following(&self, request: &HttpRequest<'_>) -> Result<Response, HttpError> {
        let mut endpoint = request.endpoint.clone();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send_once(&HttpRequest { endpoint: &endpoint, ..*request })?;
            let is_redirect = matches!(response.status, 301 | 302 | 303 | 307 | 308);
            let Some(to) = response.header("location").filter(|_| is_redirect) else { return Ok(response) };
            let refused = |to: &str| {
                Err(HttpError::Redirected { at: endpoint.to_string(), to: self.secrets.redact(to) })
            };
            endpoint = match redirect_target(&endpoint, to) {
                Ok(target) if request.method.is_read_only() => target,
                Ok(target) => return refused(&target.to_string()),
                Err(to) => return refused(&to),
            };
        }
        Err(HttpError::Redirected { at: endpoint.to_string(), to: "itself again and again".to_owned() })
    }

    /// Sends a request and reads its answer on another thread, so that the time limit holds for all of it: the limits
    /// of the library are for each read while a proxy opens the tunnel.
    fn send_once(&self, request: &HttpRequest<'_>) -> Result<Response, HttpError> {
        let at = request.endpoint.to_string();
        let agent = self.agent(request.endpoint)?;
        let proxy = proxy::find(request.endpoint, |name| std::env::var_os(name))?;
        let head = head(request)?;
        let body = request.body.map(|(_, body)| Zeroizing::new(body.to_vec()));
        let start = Instant::now();
        let deadline = request.deadline.map_or(start + PATIENCE, |deadline| deadline.min(start + PATIENCE));
        let place = at.clone();
        let exchange = BackgroundTask::start(move || exchange(&agent, proxy, head, body.as_deref(), place));
        let exchange =
            exchange.map_err(|error| HttpError::Unreachable { at: at.clone(), why: error_words(&error) })?;
        let patience = deadline.saturating_duration_since(start);
        exchange.wait(deadline).unwrap_or(Err(HttpError::Slow { at, patience }))
    }

    /// Returns the client of the library for an endpoint.
    fn agent(&self, endpoint: &Endpoint) -> Result<Agent, HttpError> {
        if !endpoint.is_encrypted() {
            return Ok(agent(TlsConfig::default()));
        }
        if let Some(agent) = self.encrypted.get() {
            return Ok(agent.clone());
        }
        let trusting = agent(tls::config()?);
        Ok(self.encrypted.get_or_init(|| trusting).clone())
    }
}

/// Sends a request and reads its whole answer.
fn exchange(
    agent: &Agent,
    proxy: Option<Proxy>,
    head: ureq::http::Request<()>,
    body: Option<&Vec<u8>>,
    at: String,
) -> Result<Response, HttpError> {
    let sent = match body {
        Some(body) => run(agent, proxy, head.map(|()| body.as_slice())),
        None => run(agent, proxy, head),
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
    agent: &Agent,
    proxy: Option<Proxy>,
    request: ureq::http::Request<impl AsSendBody>,
) -> Result<ureq::http::Response<Body>, ureq::Error> {
    agent.run(agent.configure_request(request).proxy(proxy).build())
}

fn agent(trusted: TlsConfig) -> Agent {
    let config = Agent::config_builder()
        // Each request has its own; the default would be read from the environment.
        .proxy(None)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_response_header_size(MAX_HEADER_BYTES)
        .timeout_resolve(Some(CONNECT_PATIENCE))
        .timeout_connect(Some(CONNECT_PATIENCE))
        .timeout_global(Some(PATIENCE))
        .user_agent(USER_AGENT)
        .tls_config(trusted)
        .build();
    Agent::with_parts(config, DefaultConnector::default(), LoopbackResolver::default())
}

/// Builds a request without its body.
fn head(request: &HttpRequest<'_>) -> Result<ureq::http::Request<()>, HttpError> {
    let mut head = ureq::http::Request::new(());
    *head.method_mut() = request.method.verb();
    *head.uri_mut() = request.endpoint.uri().clone();
    let headers = head.headers_mut();
    headers.insert(header::ACCEPT, HeaderValue::from_static(request.accept));
    if let Some((content_type, _)) = request.body {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    if let Some(Authorization(text)) = request.authorization {
        let unsendable = |_| HttpError::Unsendable { at: request.endpoint.to_string() };
        let mut value = HeaderValue::from_str(text).map_err(unsendable)?;
        value.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, value);
    }
    Ok(head)
}

/// Returns the target of a redirect if it is on the same host, or else its name for people.
fn redirect_target(from: &Endpoint, to: &str) -> Result<Endpoint, String> {
    let target = match to {
        path if path.starts_with('/') && !path.starts_with("//") => from.with_path(path),
        address => Endpoint::parse(address, PlainHttp::Anywhere),
    };
    match target {
        Ok(target) if target.is_same_origin(from) => Ok(target),
        Ok(target) => Err(target.to_string()),
        Err(_) => Err("something that is not an address".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;
    use std::sync::{Arc, Mutex};
    use std::thread;

    use super::*;

    /// Starts a server that sends each connection the next answer, and repeats the last one. It records the
    /// requests.
    fn server(answers: &'static [&'static str]) -> (Endpoint, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let Ok(mut stream) = stream else { return };
                let mut bytes = vec![0; 8192];
                let mut count = stream.read(&mut bytes).unwrap_or_default();
                // A body may arrive in a packet of its own.
                if bytes.starts_with(b"POST") && bytes[..count].ends_with(b"\r\n\r\n") {
                    count += stream.read(&mut bytes[count..]).unwrap_or_default();
                }
                seen.lock().expect("unpoisoned").push(String::from_utf8_lossy(&bytes[..count]).into_owned());
                let answer = answers[number.min(answers.len() - 1)];
                let _ = stream.write_all(answer.replace("PORT", &port.to_string()).as_bytes());
                // An endless answer continues until the client closes the connection.
                while answer.ends_with("ENDLESS") && stream.write_all(&[b'x'; 4096]).is_ok() {}
                thread::sleep(Duration::from_millis(if answer.is_empty() { 15_000 } else { 0 }));
            }
        });
        let endpoint = Endpoint::parse(&format!("http://127.0.0.1:{port}/a"), PlainHttp::Loopback);
        (endpoint.expect("an address"), requests)
    }

    fn send(request: &HttpRequest<'_>) -> Result<Response, HttpError> {
        let http = Http { pause: Duration::from_millis(1), ..Http::default() };
        http.send(request, &mut |_| {})
    }

    /// Sends a request to a server with these answers, and returns the error without its address.
    fn error(answers: &'static [&'static str]) -> String {
        let (endpoint, _) = server(answers);
        let error = send(&HttpRequest::get(&endpoint)).expect_err("no answer");
        error.to_string().replace(&endpoint.to_string(), "HOST")
    }

    #[test]
    fn send_returns_status_headers_and_body() {
        let (endpoint, requests) =
            server(&["HTTP/1.1 404 No\r\nX-Some: thing\r\nContent-Length: 7\r\n\r\n{\"a\":1}"]);
        let authorization = Authorization::basic("alice", "pw", &endpoint).expect("a header");
        let request = HttpRequest {
            method: Method::Post,
            authorization: Some(&authorization),
            body: Some((JSON, b"{}")),
            repeat: Repeat::Never,
            ..HttpRequest::get(&endpoint)
        };
        let response = send(&request).expect("an answer");
        assert_eq!(
            (response.status, response.header("x-some"), response.body()),
            (404, Some("thing"), &b"{\"a\":1}"[..])
        );
        let request = requests.lock().expect("unpoisoned").concat();
        for part in [
            "POST /a HTTP/1.1",
            "authorization: Basic YWxpY2U6cHc=",
            "content-length: 2",
            USER_AGENT,
            "\r\n\r\n{}",
        ] {
            assert!(request.contains(part), "{part} in {request}");
        }
    }

    #[test]
    fn answers_that_are_endless_or_broken_are_refused() {
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
            assert_eq!(error(answer), want, "{answer:?}");
        }
    }

    #[test]
    fn nothing_is_awaited_beyond_the_deadline_of_a_request() {
        const BUSY: &str =
            "HTTP/1.1 429 No\r\nRetry-After: 59\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        for (answers, seconds, want) in [
            (&[""][..], 1, "HOST gave no answer within 1 s"),
            (&[BUSY], 30, "HOST asks to wait for 59 s"),
            (&["hello\r\n\r\n"], 1, "the answer of HOST is broken"),
        ] {
            let (endpoint, requests) = server(answers);
            let deadline = Some(Instant::now() + Duration::from_millis(seconds * 1000 + 100));
            let request = HttpRequest { deadline, ..HttpRequest::get(&endpoint) };
            // The pause before a repetition is longer than the rest of the time.
            let http = Http { pause: Duration::from_secs(60), ..Http::default() };
            let error = http.send(&request, &mut |_| {}).expect_err(want);
            assert_eq!(error.to_string().replace(&endpoint.to_string(), "HOST"), want);
            assert_eq!(requests.lock().expect("unpoisoned").len(), 1, "{want}");
        }
    }

    #[test]
    fn a_silent_server_is_given_up_after_the_time_limit() {
        assert_eq!(error(&[""]), "HOST gave no answer within 10 s");
    }

    #[test]
    fn a_redirect_is_followed_within_the_host_only() {
        let (endpoint, requests) = server(&[
            "HTTP/1.1 307 Go\r\nLocation: /b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        ]);
        assert_eq!(send(&HttpRequest::get(&endpoint)).expect("an answer").body(), b"ok");
        assert!(requests.lock().expect("unpoisoned")[1].starts_with("GET /b HTTP/1.1"));
        for to in [
            "HTTP/1.1 302 Go\r\nLocation: http://localhost:PORT/\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 302 Go\r\nLocation: https://evil.example/?q\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 302 Go\r\nLocation: //evil.example/\r\nContent-Length: 0\r\n\r\n",
        ] {
            let error = error(Box::leak(Box::new([to])));
            assert!(
                error.starts_with("HOST redirects to ") && error.ends_with("to which nothing is sent"),
                "{error}"
            );
        }
        let circular = "HTTP/1.1 302 Go\r\nLocation: /a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        assert!(error(Box::leak(Box::new([circular]))).contains("again and again"));
    }

    #[test]
    fn a_name_below_localhost_is_this_machine_without_a_lookup() {
        let (endpoint, requests) =
            server(&["HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"]);
        for host in ["localhost", "a.b.localhost", "A.LOCALHOST", "a.localhost."] {
            let address = format!("http://{host}:{}/", endpoint.port());
            let named = Endpoint::parse(&address, PlainHttp::Loopback).expect(host);
            assert_eq!(send(&HttpRequest::get(&named)).expect(host).body(), b"ok", "{host}");
        }
        assert_eq!(requests.lock().expect("unpoisoned").len(), 4);
    }

    #[test]
    fn a_user_name_with_a_colon_is_refused_for_basic() {
        let endpoint = Endpoint::parse("https://ghcr.io/v2/", PlainHttp::Loopback).expect("an address");
        let error = Authorization::basic("canary:x", "pw", &endpoint).expect_err("a colon");
        assert_eq!(error.to_string(), "that user name cannot be sent to https://ghcr.io: it has a colon");
        assert!(Authorization::basic("alice", "p:w", &endpoint).is_ok());
    }

    #[test]
    fn only_a_harmless_request_is_repeated() {
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
            let (endpoint, requests) = server(answers);
            let response = send(&HttpRequest { repeat, ..HttpRequest::get(&endpoint) }).expect("an answer");
            assert_eq!(
                (response.status, requests.lock().expect("unpoisoned").len()),
                (status, tries),
                "{answers:?}"
            );
        }
        let later = "HTTP/1.1 429 No\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(error(Box::leak(Box::new([later]))), "HOST asks to wait for 3600 s");
    }

    #[test]
    fn neither_debug_output_nor_an_error_shows_a_secret() {
        assert_eq!(format!("{:?}", Authorization::bearer("canary")), "Authorization(..)");
        let (endpoint, _) = server(&["HTTP/1.1 200 OK\r\nX: canary\r\nContent-Length: 6\r\n\r\ncanary"]);
        let response = send(&HttpRequest::get(&endpoint)).expect("an answer");
        assert!(!format!("{response:?}").contains("canary"));
        assert!(!response.json::<String>().expect_err("not JSON").to_string().contains("canary"));
        let authorization = Authorization::bearer("canary\n");
        let request = HttpRequest { authorization: Some(&authorization), ..HttpRequest::get(&endpoint) };
        assert!(!send(&request).expect_err("no header").to_string().contains("canary"));
    }
}
