/// The version of this build, of the daemon and of its tools alike.
package enum AnycodeVersion {
    package static let current = "0.1.0"
}
