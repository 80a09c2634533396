/// The `Date` header of an answer (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
enum EngineDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Seconds since 1970; `nil` when it is none.
    static func seconds(_ text: String) -> Int? {
        let parts = text.split { $0 == " " || $0 == "," || $0 == ":" }.map(String.init)
        guard parts.count == 8, parts[7] == "GMT", let month = months.firstIndex(of: parts[2]),
            let day = Int(parts[1]), let year = Int(parts[3]), let hour = Int(parts[4]), let minute = Int(parts[5]),
            let second = Int(parts[6])
        else { return nil }
        return (days(year, month + 1, day) * 24 + hour) * 3600 + minute * 60 + second
    }

    /// Days since 1970 in the Gregorian calendar; the year begins in March, so that a leap day is its last.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month > 2 ? year : year - 1
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
    }
}
