"""Folders as people have them: which part each file plays is told by what the names of all share."""

from __future__ import annotations

from pathlib import Path

import pytest

from gaplisten.clips.clip import Clip
from gaplisten.clips.layouts import find_clips

KINDS = {
    "a folder per clip, a file per version": (
        "sample_{n}/{clean,lossy,A_enhanced}",
        "{n}: sample_{n}/clean sample_{n}/lossy - A_enhanced=sample_{n}/A_enhanced",
    ),
    "the same far below": (
        "results/2024-05/audio/{n}/{reference,lossy,model_large}",
        "{n}: results/2024-05/audio/{n}/reference results/2024-05/audio/{n}/lossy -"
        " model_large=results/2024-05/audio/{n}/model_large",
    ),
    "folders per clip whose names stand in the files, too": (
        "s{n}/{s{n}_clean,s{n}_lossy,s{n}_enh,s{n}_trace.txt}",
        "{n}: s{n}/s{n}_clean s{n}/s{n}_lossy s{n}/s{n}_trace.txt enh=s{n}/s{n}_enh",
    ),
    "flat, version last": (
        "{n}_{clean,lossy,frn,tplc}",
        "{n}: {n}_clean {n}_lossy - frn={n}_frn tplc={n}_tplc",
    ),
    "flat, version first": (
        "{clean,lossy,frn,tplc}_{n}",
        "{n}: clean_{n} lossy_{n} - frn=frn_{n} tplc=tplc_{n}",
    ),
    "flat with hyphens and traces": (
        "{n}-{original,zerofill,lpcnet,loss.txt}",
        "{n}: {n}-original {n}-zerofill {n}-loss.txt lpcnet={n}-lpcnet",
    ),
    "flat, of which one has the bare name": (
        "{{n},{n}_plc,{n}_lossy}",
        "{n}: {n} {n}_lossy - plc={n}_plc",
    ),
    "flat with humps": ("{n}{Clean,Lossy,Net}", "{n}: {n}Clean {n}Lossy - Net={n}Net"),
    "flat with blanks and brackets": (
        "Sample {n} ({clean,lossy,our PLC})",
        "{n}: Sample {n} (clean) Sample {n} (lossy) - our PLC=Sample {n} (our PLC)",
    ),
    "versions made of the lossy files and trained with clean ones": (
        "{speech/{n},zeros/{n},lossy_enhanced/{n},net_clean_trained/{n}}",
        "{n}: - zeros/{n} - lossy_enhanced=lossy_enhanced/{n} net_clean_trained=net_clean_trained/{n}"
        " speech=speech/{n}",
    ),
    "rates behind the words, brackets in folders": (
        "{ref48/{n},lossy16/{n},PLC [v2]/{n}}",
        "{n}: ref48/{n} lossy16/{n} - PLC [v2]=PLC [v2]/{n}",
    ),
    "P.800, condition last": (
        "f{n}s01_{cond00,cond01,cond02}",
        "{n}: f{n}s01_cond00 - - cond01=f{n}s01_cond01 cond02=f{n}s01_cond02",
    ),
    "P.800, in one word": ("f{n}s01{c00,c01,c02}", "{n}: f{n}s01c00 - - c01=f{n}s01c01 c02=f{n}s01c02"),
    "P.800, condition between talker and sample": (
        "f1_{c00,c01,c02}_s0{n}",
        "{n}: f1_c00_s0{n} - - c01=f1_c01_s0{n} c02=f1_c02_s0{n}",
    ),
    "the version between one word and a number": (
        "talk_{clean,lossy,netA}_{n}",
        "{n}: talk_clean_{n} talk_lossy_{n} - netA=talk_netA_{n}",
    ),
    "P.800, a folder per talker": (
        "m{n}/m{n}_s01_{cond00,cond01,cond02}",
        "{n}: m{n}/m{n}_s01_cond00 - - cond01=m{n}/m{n}_s01_cond01 cond02=m{n}/m{n}_s01_cond02",
    ),
    "P.800, a folder per condition": (
        "{cond00,cond01,cond02}/f1s0{n}",
        "{n}: cond00/f1s0{n} - - cond01=cond01/f1s0{n} cond02=cond02/f1s0{n}",
    ),
    "the system in folder and name": (
        "{clean/{n}_clean,lossy/{n}_lossy,netA/{n}_netA,netB/{n}_netB}",
        "{n}: clean/{n}_clean lossy/{n}_lossy - netA=netA/{n}_netA netB=netB/{n}_netB",
    ),
    "the system in the name of one folder only": (
        "{clean_testset_wav/p232_{n},noisy_testset_wav/p232_{n},hifi/p232_{n}_gen}",
        "{n}: clean_testset_wav/p232_{n} noisy_testset_wav/p232_{n} - hifi=hifi/p232_{n}_gen",
    ),
    "systems one folder further down": (
        "{ref/{n},lossy/{n},enhanced/sysA/{n},enhanced/sysB/{n}}",
        "{n}: ref/{n} lossy/{n} - sysA=enhanced/sysA/{n} sysB=enhanced/sysB/{n}",
    ),
    "trees of speakers": (
        "{clean,lossy,enhanced}/p{n}/p{n}_001",
        "{n}: clean/p{n}/p{n}_001 lossy/p{n}/p{n}_001 - enhanced=enhanced/p{n}/p{n}_001",
    ),
    "trees of speakers and chapters": (
        "{clean,enhanced}/8{n}/121/8{n}-121-0001",
        "{n}: clean/8{n}/121/8{n}-121-0001 - - enhanced=enhanced/8{n}/121/8{n}-121-0001",
    ),
    "names that share an identifier": (
        "{clean/clean_fileid_{n},noisy/book_0{n}7_snr1{n}_fileid_{n},enhanced/book_0{n}7_snr1{n}_fileid_{n}}",
        "{n}: clean/clean_fileid_{n} noisy/book_0{n}7_snr1{n}_fileid_{n} -"
        " enhanced=enhanced/book_0{n}7_snr1{n}_fileid_{n}",
    ),
    "an identifier in the middle": (
        "{clean/clean_fileid_{n},lossy/lossy_fileid_{n}_plr{n}7,out/enh_fileid_{n}_v2}",
        "{n}: clean/clean_fileid_{n} lossy/lossy_fileid_{n}_plr{n}7 - out=out/enh_fileid_{n}_v2",
    ),
    "numbers behind other letters": ("{ref/r{n},lossy/d{n}}", "{n}: ref/r{n} lossy/d{n} -"),
    "plc-testbench": (
        "{track{n},track{n}-lost_samples_masks/GE-p=0p05-reconstructed_tracks/ZerosPLC-11{n},"
        "track{n}-lost_samples_masks/GE-p=0p05-reconstructed_tracks/BurgPLC-22{n}}",
        "{n}: track{n} track{n}-lost_samples_masks/GE-p=0p05-reconstructed_tracks/ZerosPLC-11{n} -"
        " BurgPLC=track{n}-lost_samples_masks/GE-p=0p05-reconstructed_tracks/BurgPLC-22{n}",
    ),
    "several losses of each clip, in names of folders": (
        "{clean/{n},lossy_10/{n},lossy_20/{n},plc_10/{n},plc_20/{n}}",
        "{n}: clean/{n} lossy_10/{n} - plc=plc_10/{n}",
    ),
    "several losses of each clip, a folder for each": (
        "s{n}/{clean,plr10/lossy,plr20/lossy,plr10/net,plr20/net}",
        "{n}: s{n}/clean s{n}/plr10/lossy - net=s{n}/plr10/net",
    ),
    "plc-testbench with several losses": (
        "{track{n},track{n}-lost_samples_masks/GE-p=0p05-reconstructed_tracks/ZerosPLC-1,"
        "track{n}-lost_samples_masks/GE-p=0p05-reconstructed_tracks/BurgPLC-2,"
        "track{n}-lost_samples_masks/GE-p=0p10-reconstructed_tracks/ZerosPLC-1,"
        "track{n}-lost_samples_masks/GE-p=0p10-reconstructed_tracks/BurgPLC-2}",
        "{n}: track{n} track{n}-lost_samples_masks/GE-p=0p05-reconstructed_tracks/ZerosPLC-1 -"
        " BurgPLC-2=track{n}-lost_samples_masks/GE-p=0p05-reconstructed_tracks/BurgPLC-2",
    ),
    "the system in the file's name, below the originals": (
        "{speech_0{n},out/speech_0{n}_bwe}",
        "{n}: speech_0{n} - - out=out/speech_0{n}_bwe",
    ),
    "music, with a folder of traces": (
        "{clean/00{n},lossy/00{n},enhanced/00{n},traces/00{n}.txt,meta.txt}",
        "{n}: clean/00{n} lossy/00{n} traces/00{n}.txt enhanced=enhanced/00{n}",
    ),
    "outputs beside lossy files with traces": (
        "{test_files/{n},test_files/{n}_is_lost.txt,test_files_out/{n}}",
        "{n}: - test_files/{n} test_files/{n}_is_lost.txt test_files_out=test_files_out/{n}",
    ),
    "opus_demo with a folder of losses": (
        "{orig/{n},plc_classic/{n}_32k,plc_deep/{n}_32k,loss/{n}.txt}",
        "{n}: orig/{n} - loss/{n}.txt plc_classic=plc_classic/{n}_32k plc_deep=plc_deep/{n}_32k",
    ),
}


def expanded(spec: str, number: str) -> list[str]:
    """Return the files that braces stand for: ``{n}_{clean,lossy}``."""
    spec = spec.replace("{n}", number)
    start = spec.find("{")
    if start < 0:
        return [spec]
    depth, pieces, begun = 0, [], start + 1
    for at in range(start, len(spec)):
        depth += {"{": 1, "}": -1}.get(spec[at], 0)
        if (spec[at] == "," and depth == 1) or depth == 0:
            pieces.append(spec[begun:at])
            begun = at + 1
        if depth == 0:
            return [
                file for piece in pieces for file in expanded(spec[:start] + piece + spec[at + 1 :], number)
            ]
    raise AssertionError(spec)


def told(clip: Clip, root: Path) -> list[str]:
    def part(path: Path | None) -> str:
        return "-" if path is None else path.relative_to(root).as_posix().removesuffix(".wav")

    parts = [part(clip.reference), part(clip.lossy), part(clip.trace)]
    return [*parts, *(f"{each.name}={part(each.path)}" for each in clip.conditions)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_parts_of_files_are_told_by_what_their_names_share(make, kind: str) -> None:
    spec, truth = KINDS[kind]
    for number in "123":
        for file in expanded(spec, number):
            if file.endswith(".txt"):
                make.trace(file, 3)
            else:
                make.empty(f"{file}.wav")
    found = find_clips([make.root])
    wanted = [truth.replace("{n}", number).partition(": ")[2] for number in "123"]
    if "several losses" in kind:  # twice as many clips, which share their references
        wanted += [
            each.replace("_10", "_20").replace("r10", "r20").replace("0p05", "0p10") for each in wanted
        ]
    assert sorted(" ".join(told(clip, make.root)) for clip in found.clips) == sorted(wanted)
    assert not any(note.startswith("not used") for note in found.notes)


@pytest.mark.parametrize(
    "files",
    [
        ["p225_001", "p225_002", "p226_001", "p226_002"],
        ["p225/001", "p225/002", "p226/001", "p226/002"],
        ["84/1/84-1-0001", "84/1/84-1-0002", "174/5/174-5-0001", "174/5/174-5-0002"],
    ],
)
def test_speakers_who_say_sentences_of_the_same_numbers_are_no_conditions(make, files: list[str]) -> None:
    for seed, file in enumerate(files):
        speech(make, file, seed)
    found = find_clips([make.root])
    assert len(found.clips) == 4
    assert found.conditions == ()


@pytest.mark.parametrize("spec", ["{a,b,c}/{n}", "{n}/{a,b,c}"])
def test_where_no_word_tells_what_sounds_alike_is_one_clip(make, spec: str) -> None:
    for number in "123":
        for file in expanded(spec, number):
            speech(make, file, int(number))
    found = find_clips([make.root])
    assert found.conditions == ("a", "b", "c")
    assert [clip.name for clip in found.clips] == ["1", "2", "3"]


def speech(make, file: str, seed: int) -> None:
    """Write noise that comes and goes like syllables, otherwise for each seed."""
    import numpy as np
    import soundfile

    random = np.random.default_rng(seed)
    loudness = np.repeat(random.uniform(0.0, 1.0, 12) ** 3, 1600)
    path = make.root / f"{file}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.3 * loudness * random.uniform(-1, 1, loudness.size), 16000)


def test_what_only_the_user_knows_is_said_to_be_in_doubt(make) -> None:
    make.empty(*(f"f{n}_cond0{k}.wav" for n in range(3) for k in range(3)))
    found = find_clips([make.root])
    assert found.layout.doubts == ("is {clip}_cond00 the reference? condition 0 is often the reference",)
    assert found.layout.settled().doubts == ()


def test_how_many_files_of_each_version_there_are_is_said(make) -> None:
    make.empty(*(f"clean/{n}.wav" for n in (1, 2)), *(f"lossy/{n}.wav" for n in (1, 2, 3)), "net/3.wav")
    found = find_clips([make.root])
    assert found.counts == {"clean/{clip}": (2, 3), "lossy/{clip}": (3, 3), "net/{clip}": (1, 3)}


def test_transcripts_beside_sounds_are_no_traces(make) -> None:
    make.empty("clean/1.wav", "lossy/1.wav", "clean/2.wav", "lossy/2.wav")
    for number in "12":
        (make.root / f"clean/{number}.txt").write_text("The quick brown fox.\n")
    assert [clip.trace for clip in find_clips([make.root]).clips] == [None, None]


def test_traces_that_nothing_calls_so_are_known_by_their_content(make) -> None:
    for number in "12":
        make.sound(f"audio/{number}.wav", 3, seed=int(number))
        make.trace(f"labels/{number}.txt", 3)
    assert [clip.trace.name for clip in find_clips([make.root]).clips] == ["1.txt", "2.txt"]


def test_samples_without_headers_are_refused_with_the_way_out(make) -> None:
    make.empty("54_in.pcm", "54_plc.pcm")
    with pytest.raises(
        Exception, match=r"samples without headers \(2 files .pcm\).*--raw RATE,ENCODING,CHANNELS"
    ):
        find_clips([make.root])


def test_of_files_in_no_clip_some_are_named(make) -> None:
    make.empty("clean/1.wav", "lossy/1.wav", "clean/2.wav", "lossy/2.wav", "intro.wav")
    found = find_clips([make.root])
    assert any("not used: 1 sounds" in note and "intro" in note for note in found.notes)


@pytest.mark.parametrize(
    ("reference", "lossy", "condition"),
    [
        ("干净语音", "丢包语音", "补偿后"),
        ("参考", "有损", "系统A"),
        ("原音", "欠損", "方式"),
        ("원본", "손실", "방법"),
        ("эталон", "с потерями", "алгоритм"),
        ("Referenz", "verlustbehaftet", "unseres"),
        ("re\u0301fe\u0301rence", "pertes", "sortie"),
    ],
)
def test_folders_are_called_in_other_languages_too(make, reference: str, lossy: str, condition: str) -> None:
    for number in "12":
        for folder in (reference, lossy, condition):
            make.sound(f"{folder}/{number}.wav", 3 if folder == lossy else 0, seed=int(number))
    found = find_clips([make.root])
    assert {part.files.partition("/")[0]: str(part.role) for part in found.layout.parts} == {
        reference: "reference",
        lossy: "lossy",
        condition: "condition",
    }


@pytest.mark.parametrize("between", ["{}_{}_{}", "{}-{}-{}", "{}{}{}"])
def test_a_version_may_stand_between_two_parts_that_both_tell_the_clip(make, between: str) -> None:
    speakers, takes = (("7", "8", "9"), ("1", "2")) if between == "{}{}{}" else (("ann", "ben"), ("1", "2"))
    clips = [(speaker, take) for speaker in speakers for take in takes]
    for speaker, take in clips:
        for version in ("clean", "lossy", "net"):
            make.empty(between.format(speaker, version, take) + ".wav")
    found = find_clips([make.root])
    assert sorted(" ".join(told(clip, make.root)) for clip in found.clips) == sorted(
        "{} {} - net={}".format(*(between.format(speaker, each, take) for each in ("clean", "lossy", "net")))
        for speaker, take in clips
    )
