import AnycodeCore

/// The question whether the agent gets more time.
enum OfferView {
    /// - Parameter isOpen: whether the session still goes on.
    static func message(_ offered: Transcript.Offered, isOpen: Bool) -> OutgoingMessage {
        let offer = offered.offer
        let used = "\(ReportView.duration(offer.used)) of \(ReportView.duration(offer.limit))"
        let question = "⏳ The agent has used \(used). Give it more time?"
        if let person = offered.grantedBy {
            let words = "→ **+30 min** (\(person.name)): \(ReportView.duration(offered.newLimit)) in all"
            return OutgoingMessage(markdown: "\(question)\n\(words)", rings: true)
        }
        guard isOpen else { return OutgoingMessage(markdown: question, rings: true) }
        let button = ChatButton(label: "+30 min", token: ButtonToken.moreTime(offer), style: .offer)
        return OutgoingMessage(markdown: question, buttons: [[button]], rings: true)
    }
}
