import CLinux
import Glibc

/// Owns one open file descriptor and closes it at the end of its life; `absent` owns none.
struct Descriptor: ~Copyable, Sendable {
    /// The number, or -1 for none.
    let raw: CInt

    /// Takes over an open descriptor; a negative number means none.
    init(adopting raw: CInt) { self.raw = raw < 0 ? -1 : raw }

    /// Whether there is a descriptor.
    var isOpen: Bool { raw >= 0 }

    deinit {
        if raw >= 0 { close(raw) }
    }
}
