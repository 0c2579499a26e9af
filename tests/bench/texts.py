"""Sound texts of the project's own, six genres, for the corruption tests."""

from __future__ import annotations

NEWS = (
    "The council in Harwick approved a new bridge over the River Tamble on Monday evening.",
    "Its members voted 14 to 9 for the plan after three hours of debate.",
    "“We have waited far too long for this,” said Karen Ellis, who has led the council since 2019.",
    "The old bridge, which was built in 1931, does not carry heavy trucks any more.",
    "Engineers found deep cracks in two of its pillars last winter, and one lane has been closed since.",
    "Local farmers say that the detour costs them about 40 minutes a day.",
    "They depend on the road to bring their milk to the dairy in Lower Benton.",
    "The government will pay for half of the work, but the town must raise the rest itself.",
    "Opponents argue that the money should go to schools and hospitals.",
    "He wants to start the work before the autumn rain begins.",
)
SCIENCE = (
    "Researchers at the University of Torvald have measured how bees find their way home in strong wind.",
    "They fixed tiny radio transmitters to the backs of 120 insects and released them two kilometres away.",
    "Most of the bees returned within an hour, although the wind was blowing against them.",
    "The results suggest that these insects remember the shape of the hills around their nest.",
    "A second group was kept in a dark box for several days before the test.",
    "It did not find the nest at all.",
    "The scientists believe that young bees learn the landscape during short flights.",
    "Their study was published in March and has been discussed by many experts.",
)
BLOG = (
    "I bought a second-hand bicycle in June because the bus never came on time.",
    "The seller told me that she had ridden it across the Alps twice.",
    "My first ride ended in a ditch, but I was not hurt.",
    "We now take the narrow path along the canal every Sunday morning.",
    "If it rains, we stay at home and bake a large cake.",
    "He always asks us to bring an umbrella.",
)
ENCYCLOPAEDIA = (
    "The common lantern fish is a small deep-sea species of the northern Atlantic.",
    "Its body is covered with light organs, and each species has an own pattern of them.",
    "Large schools rise to the surface at night and sink again before the sun comes up.",
    "The fish was first described by the Danish naturalist Peter Holm in 1846.",
    "It feeds on small crabs and is eaten by whales, seals and squid.",
)
PRODUCT = (
    "This kettle boils one litre of water in less than three minutes.",
    "The handle stays cool, and the lid locks with a simple click.",
    "You can clean the filter by hand without any tools.",
    "Many customers use it in the office as well.",
    "An automatic switch turns the kettle off when the water has boiled.",
)
SPEECH = (
    "Our country has known harder years than this one.",
    "When the factories closed, people did not give up hope.",
    "They built new houses, opened small shops and taught their children to be proud of their work.",
    "I am asking you tonight to show the same courage.",
    "The law that we propose will protect every worker from sudden dismissal.",
    "It must be passed before the end of the year, and it will be.",
)
DOCUMENTS = {
    "news": NEWS,
    "science": SCIENCE,
    "blog": BLOG,
    "encyclopaedia": ENCYCLOPAEDIA,
    "product": PRODUCT,
    "speech": SPEECH,
}
ALL = tuple(s for document in DOCUMENTS.values() for s in document)
