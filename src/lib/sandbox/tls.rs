//! The certificate of a sandbox that serves https: a small authority and one server
//! certificate, both made for the run. The keys live in memory alone and end with it, so
//! that a file left behind opens nothing.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::TlsAcceptor;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// It cannot be made.
    #[error("cannot make a certificate")]
    Make(#[from] rcgen::Error),
    /// It cannot be served.
    #[error("cannot serve with the certificate")]
    Serve(#[from] rustls::Error),
}

/// What serves https, and whom a client must trust for it.
pub(super) struct Tls {
    pub(super) acceptor: TlsAcceptor,
    /// The authority's certificate, as PEM.
    pub(super) authority: String,
}

impl Tls {
    /// A certificate for this machine's own names and for the address listened on.
    pub(super) fn new(listen: SocketAddr) -> Result<Self, TlsError> {
        let authority_key = KeyPair::generate()?;
        let authority_params = authority()?;
        let authority = authority_params.self_signed(&authority_key)?;
        let issuer = Issuer::new(authority_params, authority_key);
        let key = KeyPair::generate()?;
        let certificate = server(listen)?.signed_by(&key, &issuer)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )?;
        // Cuts are counted in the bytes of HTTP/1.1.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            authority: authority.pem(),
        })
    }
}

fn authority() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    let name = "opsctl sandbox, made for one run";
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn server(listen: SocketAddr) -> Result<CertificateParams, rcgen::Error> {
    let mut names = vec![
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
    ];
    let address = listen.ip().to_string();
    if !names.contains(&address) {
        names.push(address);
    }
    let mut params = CertificateParams::new(names)?;
    let name = "opsctl sandbox";
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}
