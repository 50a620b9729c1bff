/// A figure of the report: what it is called, what it says, how it is drawn at a width, and its data.
struct Figure {
    /// The stem of its files, and its anchor in the page.
    var id: String
    /// Its heading.
    var title: String
    /// What is seen, in one or two sentences, for everybody.
    var caption: String
    /// What is drawn, for those who do not see it.
    var description: String
    /// Its data.
    var table: Table
    /// Draws it.
    var draw: (_ width: Double) -> Drawing

    /// On a desk or on paper.
    static let wide = 760.0
    /// On a telephone.
    static let narrow = 344.0
}
