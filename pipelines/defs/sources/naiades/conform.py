"""Analyses to measurements, stations and basins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.environment.tables import BELOW, Basin, ResidueMeasurement, WaterStation
from pipelines.defs.silver.substance.named import with_substance
from pipelines.frames.columns import iso_date, said
from pipelines.frames.numbers import number
from pipelines.frames.readings import read

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

ANALYSIS, STATION = "bronze.naiades_analysis", "bronze.naiades_station"
PLACE = ["known_date", "file", "line_number"]
NONE = ("NA", "NAN", "NULL", "")  # as R and Python write what is missing


@feed(ResidueMeasurement, ANALYSIS, "silver.substance_name")
def residue_measurement(tables: Tables) -> DataFrame:
    """Results with their remark; below the limit they hold the limit, and an analysis stands once."""
    remark = F.coalesce(_told("code_remarque"), F.lit("not said"))
    names = ("code_station", "code_parametre", "code_fraction", "date_prelevement", "heure_prelevement")
    own = [_told(c) for c in names]
    result, loq = _number("resultat"), _number("limite_quantification")
    is_below = remark.isin(*BELOW)
    rows = tables[ANALYSIS].select(
        F.coalesce(_told("code_analyse"), F.concat_ws("/", *own)).alias("analysis"),
        _told("code_station").alias("station"),
        iso_date("date_prelevement").alias("sampled_date"),
        _told("code_parametre").alias("parameter"),
        _told("libelle_parametre").alias("parameter_name"),
        F.coalesce(_told("code_fraction"), F.lit("not said")).alias("fraction"),
        remark.alias("remark"),
        is_below.alias("is_below"),
        F.when(is_below, F.coalesce(loq, result)).otherwise(result).alias("result"),
        F.coalesce(loq, F.when(is_below, result)).alias("loq"),
        _told("symbole_unite").alias("unit"),
        _told("code_laboratoire").alias("laboratory"),
        _told("code_qualification").alias("qualification"),
        *PLACE,
    )
    named = with_substance(rows, tables["silver.substance_name"], "parameter_name")
    slot = F.concat_ws("/", "station", "parameter", F.year("sampled_date"))
    return named.withColumn("slot", slot).dropna(subset=["station", "sampled_date", "parameter"])


@feed(WaterStation, ANALYSIS, STATION)
def water_station(tables: Tables) -> DataFrame:
    """Stations of the list; those that analyses alone name, without a département."""
    listed = tables[STATION].select(
        _told("code_station").alias("station"),
        _told("libelle_station").alias("station_name"),
        _told("code_departement").alias("department"),
        _told("nom_cours_eau").alias("river"),
        _told("code_bassin").alias("basin"),
        *[_number(c).alias(c) for c in ("longitude", "latitude")],
        F.lit("list").alias("slot"),
        *PLACE,
    )
    named = (
        tables[ANALYSIS]
        .groupBy(_told("code_station").alias("station"), "known_date")
        .agg(
            F.max(_told("libelle_station")).alias("station_name"),
            *[F.max(_number(c)).alias(c) for c in ("longitude", "latitude")],
            F.min("file").alias("file"),
            F.min("line_number").alias("line_number"),
        )
    )
    alone = named.join(listed.select("station").distinct(), on="station", how="left_anti")
    alone = alone.withColumn("slot", F.concat(F.lit("analyses/"), "station"))
    return listed.unionByName(alone, allowMissingColumns=True)


@feed(Basin, STATION)
def basin(tables: Tables) -> DataFrame:
    """Basins that stations name."""
    return tables[STATION].select(
        _told("code_bassin").alias("basin"),
        _told("nom_bassin").alias("basin_name"),
        F.lit("list").alias("slot"),
        *PLACE,
    )


def _told(column: str) -> Column:
    text = said(column)
    return F.when(~F.upper(text).isin(*NONE), text)


def _number(column: str) -> Column:
    return read(column, number, lambda text: ~F.upper(F.trim(text)).isin(*NONE))
