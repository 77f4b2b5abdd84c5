"""The columns of GLEIF's golden copy that are read (CDF 3.1 of level 1, 2.1 of level 2)."""

from __future__ import annotations

from belbiotech.dataset.registers.files.days import day
from belbiotech.dataset.registers.files.places import belgian_region
from belbiotech.dataset.registers.files.streams import Layout

__all__ = ["LEI2", "RELATIONS", "SELECT_LEI2", "SELECT_NAMES", "SELECT_RELATIONS"]

REPEATS = range(1, 6)

LEI2 = Layout(
    (
        "LEI",
        "Entity.LegalName",
        "Entity.LegalAddress.City",
        "Entity.LegalAddress.Country",
        "Entity.LegalAddress.PostalCode",
        "Entity.RegistrationAuthority.RegistrationAuthorityID",
        "Entity.RegistrationAuthority.RegistrationAuthorityEntityID",
        "Entity.EntityCategory",
        "Entity.LegalForm.EntityLegalFormCode",
        "Entity.EntityStatus",
        "Entity.EntityCreationDate",
        "Entity.EntityExpirationDate",
        "Entity.EntityExpirationReason",
        "Entity.SuccessorEntity.1.SuccessorLEI",
        "Registration.InitialRegistrationDate",
        "Registration.LastUpdateDate",
        "Registration.RegistrationStatus",
    ),
    optional=(
        "Entity.LegalAddress.Region",
        "Entity.SuccessorEntity.1.SuccessorEntityName",
        *(f"Entity.OtherEntityNames.OtherEntityName.{n}" for n in REPEATS),
    ),
    known=("ConformityFlag", "DeletedAt"),
    families=("Entity.", "Registration."),
)
RELATIONS = Layout(
    (
        "Relationship.StartNode.NodeID",
        "Relationship.EndNode.NodeID",
        "Relationship.RelationshipType",
        "Relationship.RelationshipStatus",
        "Registration.RegistrationStatus",
    ),
    optional=tuple(
        f"Relationship.Period.{n}.{part}" for n in REPEATS for part in ("startDate", "periodType")
    ),
    known=("ConformityFlag", "DeletedAt"),
    families=("Relationship.", "Registration."),
)

# ISO 7064, mod 97-10: letters as two digits, the whole number 1 modulo 97. Two halves, since
# forty digits are too many for one number.
DIGITS = (
    "array_to_string(list_transform(string_split(LEI, ''), "
    "lambda sign: case when sign between '0' and '9' then sign "
    "else cast(ascii(sign) - 55 as varchar) end), '')"
)
RIGHT = f"""case when regexp_full_match(LEI, '[A-Z0-9]{{18}}[0-9]{{2}}') then
    cast(cast(cast(cast(cast(left({DIGITS}, 18) as hugeint) % 97 as varchar)
        || substr({DIGITS}, 19, 18) as hugeint) % 97 as varchar)
        || substr({DIGITS}, 37) as hugeint) % 97 = 1
    else false end"""
OTHERS = ", ".join(f'"Entity.OtherEntityNames.OtherEntityName.{n}"' for n in REPEATS)

SELECT_LEI2 = f"""
    create or replace macro day_of(text) as {day("text")};
    create or replace table entities as
    select record, LEI as written, coalesce({RIGHT}, false) as sound,
        case when "Entity.EntityCategory" = 'SOLE_PROPRIETOR' then 'Enterprise ' || LEI
            else "Entity.LegalName" end as name,
        case when "Entity.EntityCategory" = 'SOLE_PROPRIETOR' then []
            else list_filter([{OTHERS}], lambda one: one is not null) end as others,
        "Entity.LegalAddress.City" as city, "Entity.LegalAddress.Country" as country,
        coalesce(case when "Entity.LegalAddress.Country" = 'BE'
            then {belgian_region('"Entity.LegalAddress.PostalCode"')} end,
            "Entity.LegalAddress.Region") as region,
        "Entity.RegistrationAuthority.RegistrationAuthorityID" as authority,
        "Entity.RegistrationAuthority.RegistrationAuthorityEntityID" as national,
        coalesce("Entity.EntityCategory", 'GENERAL') as category,
        "Entity.LegalForm.EntityLegalFormCode" as form, "Entity.EntityStatus" as status,
        "Entity.EntityCreationDate" as created_written,
        "Entity.EntityExpirationDate" as expired_written,
        null::date as created, null::date as expired,
        "Entity.EntityExpirationReason" as reason,
        "Entity.SuccessorEntity.1.SuccessorLEI" as successor,
        "Entity.SuccessorEntity.1.SuccessorEntityName" as successor_name,
        "Registration.InitialRegistrationDate" as registered_written,
        day_of("Registration.InitialRegistrationDate") as registered,
        "Registration.LastUpdateDate" as updated_written,
        day_of("Registration.LastUpdateDate") as updated,
        "Registration.RegistrationStatus" as registration
    from incoming
    where "Entity.LegalAddress.Country" in ({{countries}})"""

PERIODS = " ".join(
    f"when \"Relationship.Period.{n}.periodType\" = 'RELATIONSHIP_PERIOD' "
    f'then "Relationship.Period.{n}.startDate"'
    for n in REPEATS
)
SELECT_RELATIONS = f"""
    create or replace macro day_of(text) as {day("text")};
    create or replace table relations as
    with wanted as (
        select record, "Relationship.StartNode.NodeID" as child,
            "Relationship.EndNode.NodeID" as parent,
            "Relationship.RelationshipType" as kind, case {PERIODS} end as since_written
        from incoming
        where "Relationship.RelationshipType" in
                ('IS_DIRECTLY_CONSOLIDATED_BY', 'IS_ULTIMATELY_CONSOLIDATED_BY')
            and coalesce("Registration.RegistrationStatus", '') not in ('ANNULLED', 'DUPLICATE')
            and "Relationship.StartNode.NodeID" in (select written from entities))
    select *, day_of(since_written) as since from wanted"""

SELECT_NAMES = """
    create or replace table partners as
    select LEI as lei, "Entity.LegalName" as name, "Entity.LegalAddress.Country" as country
    from incoming
    where "Entity.EntityCategory" is distinct from 'SOLE_PROPRIETOR' and LEI in (
        select parent from relations union all select successor from entities)"""
