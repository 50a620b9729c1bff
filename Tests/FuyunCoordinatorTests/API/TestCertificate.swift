import NIOSSL

/// Certificates for `localhost` that vouch for themselves, valid until 2126: `openssl req -x509 -newkey ec …`.
struct TestCertificate {
    var certificate: String
    var key: String

    /// A client that trusts this certificate and no other.
    var client: TLSConfiguration {
        get throws {
            var configuration = TLSConfiguration.makeClientConfiguration()
            let own = try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8))
            configuration.trustRoots = .certificates(own)
            return configuration
        }
    }

    static let first = TestCertificate(
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBmzCCAUGgAwIBAgIUQc3qCTXuZeaM7r+V78h8K+s+NA8wCgYIKoZIzj0EAwIw
            FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzE4MjUyMVoYDzIxMjYxMDMw
            MTgyNTIxWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
            PQMBBwNCAAR1+6khRG9BYlkQVUUJ+wdkwvFOl61Ux5Niuxsk2r4HKiGlIMk8E93M
            ZEXNsBSc8sylvTyrW/SXCdgRdtGWzaUbo28wbTAdBgNVHQ4EFgQUJzh+fSgbvPZu
            phmDf+JT3vmmViowHwYDVR0jBBgwFoAUJzh+fSgbvPZuphmDf+JT3vmmViowDwYD
            VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
            zj0EAwIDSAAwRQIhANS/R4xUry3QjgqHIwskbCt427VLhvb298uIvVUS2wuaAiA3
            GjeEA67GjNcAdNEWE4Hvgyq5TqM45bjuCPYDAuNjUw==
            -----END CERTIFICATE-----

            """,
        key: """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgcuXHoR+N1O84ddvD
            wTRcBh78lvI8rLp3CyxPdiSOE+ChRANCAAR1+6khRG9BYlkQVUUJ+wdkwvFOl61U
            x5Niuxsk2r4HKiGlIMk8E93MZEXNsBSc8sylvTyrW/SXCdgRdtGWzaUb
            -----END PRIVATE KEY-----

            """
    )

    static let second = TestCertificate(
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBmzCCAUGgAwIBAgIUMY5ezL4xxeu81ggq26PbXFUtP18wCgYIKoZIzj0EAwIw
            FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzE4MjUyMVoYDzIxMjYxMDMw
            MTgyNTIxWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
            PQMBBwNCAARJtsPQ3D2VsGUDchRMCdj/Q4JLcdU+DljWsGkH/GP50CG7hnOcmWos
            ZEp34bN0OgsoAZSAov8Jhy3VzuJgv08go28wbTAdBgNVHQ4EFgQUTMheeat7646K
            FcOQlR1BF2eRw8UwHwYDVR0jBBgwFoAUTMheeat7646KFcOQlR1BF2eRw8UwDwYD
            VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
            zj0EAwIDSAAwRQIhAPxWUSuBcxWWbuLSUeB+he7VJT6JQxKBACX095bMs6TlAiBf
            bXYKL8MeUccNQZ6ndrB3sO52cBUxbKoramMF2Fvr8w==
            -----END CERTIFICATE-----

            """,
        key: """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgM30aiauTlm2DEJFC
            aP/lfC/1JQGNEOFQ0anAFy9s4EmhRANCAARJtsPQ3D2VsGUDchRMCdj/Q4JLcdU+
            DljWsGkH/GP50CG7hnOcmWosZEp34bN0OgsoAZSAov8Jhy3VzuJgv08g
            -----END PRIVATE KEY-----

            """
    )
}
