-- Components of each programme.
--
-- programme: programme
-- component: id of the component within the programme
-- title: name for people
-- kind: what it is, such as module or clinic
-- live: whether it is a session for which a register is kept
-- position: place in the programme's order, from 0
-- counts: whether it counts towards completion
-- points: what it is worth; 0 where it does not count
SELECT programme, component, title, kind, live, position, counts, points
FROM input.component
