//! ferrokinesis on 127.0.0.1: its own program listens on all addresses. Its one argument is the port.
use ferrokinesis::{create_app, serve_plain_http, store::StoreOptions};

#[tokio::main]
async fn main() {
    let port = std::env::args().nth(1).expect("a port");
    let options = StoreOptions {
        create_stream_ms: 0,
        delete_stream_ms: 0,
        update_stream_ms: 0,
        shard_limit: 1_000,
        ..StoreOptions::default()
    };
    let (app, _store) = create_app(options);
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await.expect("a free port");
    serve_plain_http(listener, app, std::future::pending::<()>()).await.expect("to serve");
}
