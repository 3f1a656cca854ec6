-- What the generic tests are there to find.
select *
from (values
    (1, 50::double precision, 'red', 0.9::double precision, 1),
    (2, 'NaN', 'red', 0.9, 1),
    (3, 101, 'purple', 0.1, 7),
    (4, -1, null, null, null)
) as broken (id, score, band, coverage, model_version)
