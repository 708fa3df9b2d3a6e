"""Reports written for the tests: two of one event each, and two of different events on one subject."""

SAME = (
    (
        (
            "Museum robbed at night",
            "Thieves took three bronze statues from the museum in Oldbridge while guards slept.",
        ),
        ("Bronze statues stolen in Oldbridge", "Three statues of bronze are gone after a night robbery in the museum."),
    ),
    (
        ("Storm closes the coast railway", "Fallen trees block the coast railway; trains will not run before Friday."),
        ("No trains on the coast before Friday", "The storm felled trees onto the coast railway, which stays closed."),
    ),
    (
        (
            "Dairy group buys cheese maker Albrecht",
            "For 40 million the dairy group takes over the cheese maker Albrecht.",
        ),
        (
            "Albrecht sold for 40 million",
            "Cheese maker Albrecht belongs to the dairy group now, which pays 40 million.",
        ),
    ),
    (
        (
            "Vaccine against mosquito fever passes trial",
            "In a trial with 2,000 people the vaccine halved mosquito fever.",
        ),
        ("Mosquito fever halved by new vaccine", "2,000 people took part in the trial of a vaccine against the fever."),
    ),
    (
        ("Teachers end strike after nine days", "The union accepts six percent more pay; teachers return on Monday."),
        ("Six percent more: teachers return", "After nine days of strike the union of the teachers accepts more pay."),
    ),
    (
        ("Bridge over the Lenn to be rebuilt", "Cracks in the concrete force the county to rebuild the Lenn bridge."),
        (
            "County rebuilds cracked Lenn bridge",
            "Because the concrete shows cracks, the bridge over the Lenn is rebuilt.",
        ),
    ),
    (
        ("Swimmer crosses the strait in record time", "Ida Moss swam the strait in six hours and eleven minutes."),
        (
            "Ida Moss sets strait record",
            "Six hours, eleven minutes: swimmer Ida Moss crossed the strait faster than anybody.",
        ),
    ),
    (
        ("Chip factory gets its permit", "The state permits the chip factory near Wolden; digging begins in March."),
        (
            "Digging for Wolden chip factory begins in March",
            "With the permit of the state, the chip factory can be built.",
        ),
    ),
)

DIFFERENT = (
    (
        ("Museum shows bronze statues", "The museum in Oldbridge shows bronze statues of three centuries until May."),
        ("Museum shop robbed", "A man with a mask emptied the till of a museum shop in Farnham."),
    ),
    (
        ("Storm damages roofs in the valley", "The fire service counted 90 damaged roofs after the storm."),
        ("Railway buys forty new trains", "The new trains of the railway will run on the mountain line."),
    ),
    (
        ("Dairy group raises milk price", "Farmers get two cents more for a litre from the dairy group."),
        ("Dairy group closes plant in Tannau", "110 workers of the dairy group lose their jobs in Tannau."),
    ),
    (
        ("Vaccine for calves approved", "Vets may use a vaccine against lung disease of calves."),
        ("Vaccine trial stopped", "After two severe reactions the maker stopped the trial of its flu vaccine."),
    ),
    (
        ("Teachers strike for smaller classes", "The union calls the teachers of the north to strike on Tuesday."),
        ("Bus drivers strike on Tuesday", "No bus will run in the city, says the union of the drivers."),
    ),
    (
        ("Bridge in Korl opens", "After four years the new bridge in Korl opens for cyclists."),
        ("Ship rams bridge pillar", "A cargo ship rammed a pillar of the harbour bridge; nobody was hurt."),
    ),
    (
        ("Swimmer wins gold over 200 metres", "Lena Roth won gold in the pool with a late spurt."),
        ("Swimming pool closes for repairs", "The town pool gets new pipes and closes until autumn."),
    ),
    (
        ("Chip maker warns of losses", "Weak demand for phones will cost the chip maker profits this year."),
        ("State funds chip research", "Three universities share a fund of the state for research on chips."),
    ),
)
