/// Certificates for tests, good from 2020 to 2120.
///
/// Made with `openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1` and `openssl ca -startdate -enddate`, so that
/// they hold whatever the clock says. The keys open nothing but the stub server of these tests.
enum Certificates {
    /// A certificate with its private key, both as PEM.
    struct Identity: Sendable {
        var certificate: String
        var key: String
    }

    /// The authority that signed the others.
    static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBcTCCARigAwIBAgICEAAwCgYIKoZIzj0EAwIwHzEdMBsGA1UEAwwURnV5dW4g
        dGVzdCBhdXRob3JpdHkwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBa
        MB8xHTAbBgNVBAMMFEZ1eXVuIHRlc3QgYXV0aG9yaXR5MFkwEwYHKoZIzj0CAQYI
        KoZIzj0DAQcDQgAEl+ZfpSwqVqieckGiKmQmYROM3Lg8CivZ0YtcJecKSNFx7lHi
        g8M6YxBWOaRfAEgaS1H0XiHY/IWwgxa6ZV/XbqNCMEAwDwYDVR0TAQH/BAUwAwEB
        /zAOBgNVHQ8BAf8EBAMCAgQwHQYDVR0OBBYEFKQVTTgwUz1CdMeSIadN79fhDDJB
        MAoGCCqGSM49BAMCA0cAMEQCIAg0kS7TCz9LhaE9R2B6jUU4wc3nW8q5die04SBd
        PAVyAiAGBEFops5I/gbXHkvZ+NXAoTdmVkl/10nTo8t9DIjYMQ==
        -----END CERTIFICATE-----

        """

    /// For `localhost` and 127.0.0.1.
    static let local = Identity(
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBkzCCATqgAwIBAgICEAEwCgYIKoZIzj0EAwIwHzEdMBsGA1UEAwwURnV5dW4g
            dGVzdCBhdXRob3JpdHkwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBa
            MBAxDjAMBgNVBAMMBWxvY2FsMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEyAuZ
            6PI2R62KvT2N6HvzJSW98NefrU+VfapfqMEs6RLrD0AQaEUJTSAy3vvjluZUgQVQ
            mVbECH4EYSZSY9pl4aNzMHEwGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMBMG
            A1UdJQQMMAoGCCsGAQUFBwMBMB0GA1UdDgQWBBQnLGuR72xi4sk+kyFG/9tmYppN
            HTAfBgNVHSMEGDAWgBSkFU04MFM9QnTHkiGnTe/X4QwyQTAKBggqhkjOPQQDAgNH
            ADBEAiB/DnhT7NbhdyprGPY0LxoKfQUraxVYoDB+CT/OnnlmeQIgXwma33jtP5UN
            Rd++5zafDFG9YBv82Iw+eNCa2n8vTWk=
            -----END CERTIFICATE-----

            """,
        key: """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQghrUx9hRpiz4P/b4A
            q2u5TRhVv8Z/jDJi99jr1jnwYJqhRANCAATIC5no8jZHrYq9PY3oe/MlJb3w15+t
            T5V9ql+owSzpEusPQBBoRQlNIDLe++OW5lSBBVCZVsQIfgRhJlJj2mXh
            -----END PRIVATE KEY-----

            """
    )

    /// For another host.
    static let other = Identity(
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBljCCATygAwIBAgICEAIwCgYIKoZIzj0EAwIwHzEdMBsGA1UEAwwURnV5dW4g
            dGVzdCBhdXRob3JpdHkwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBa
            MBAxDjAMBgNVBAMMBW90aGVyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEMs/4
            7MhtYQK2h+EtqSzW5hNBvdBGRYJTSNCDgzISV1E5YIONyovCXcQRMQJ7n3tCHv2A
            4eQmf27LnkCE9PGPLqN1MHMwHAYDVR0RBBUwE4IRb3RoZXIuZXhhbXBsZS5vcmcw
            EwYDVR0lBAwwCgYIKwYBBQUHAwEwHQYDVR0OBBYEFPjI04zMBgOidiTzyeDs+qdJ
            Xpx/MB8GA1UdIwQYMBaAFKQVTTgwUz1CdMeSIadN79fhDDJBMAoGCCqGSM49BAMC
            A0gAMEUCIC7ldgP5d11DMLZ48ppujx5kg+qAzjDs+/L34Gc0NAEVAiEA6dID5LhK
            jLYRMUw9o2aNiHyTJu1PzpedHrRwQ5lIFHY=
            -----END CERTIFICATE-----

            """,
        key: """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg+AVFqXx4GFDmme1+
            AjrN6qyl+ew+pawMBAFUWGFhEmehRANCAAQyz/jsyG1hAraH4S2pLNbmE0G90EZF
            glNI0IODMhJXUTlgg43Ki8JdxBExAnufe0Ie/YDh5CZ/bsueQIT08Y8u
            -----END PRIVATE KEY-----

            """
    )
}
