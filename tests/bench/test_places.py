"""Back and forward through places."""

from gaplisten.bench.places import MOST_PLACES, Place, Places


def _place(number, clip="a"):
    return Place(clip, number, 0, 100)


def test_one_goes_back_and_forward_and_the_ends_are_told():
    places = Places()
    for number in range(3):
        places.add(_place(number))
    assert [places.step(-1), places.step(-1), places.step(-1)] == [_place(1), _place(0), None]
    assert [places.step(1), places.step(1), places.step(1)] == [_place(1), _place(2), None]


def test_who_goes_elsewhere_from_the_middle_leaves_the_rest_behind():
    places = Places()
    for number in range(3):
        places.add(_place(number))
    places.step(-1)
    places.add(_place(7))
    assert places.step(1) is None
    assert places.step(-1) == _place(1)


def test_the_same_place_counts_once_and_old_ones_are_forgotten():
    places = Places()
    for number in range(MOST_PLACES + 5):
        places.add(_place(number))
        places.add(_place(number))
    back = 0
    while places.step(-1) is not None:
        back += 1
    assert back == MOST_PLACES - 1


def test_where_one_moved_on_since_one_came_is_where_one_comes_back_to():
    places = Places()
    places.add(_place(1))
    places.add(_place(2))
    places.now_at(_place(3))
    places.step(-1)
    assert places.step(1) == _place(3)


def test_no_place_is_no_place():
    assert Places().step(-1) is None
