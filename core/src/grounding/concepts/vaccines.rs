//! Vaccines: CVX codes and the words records use.

use super::{Area, Concept};

const fn vaccine(
    key: &'static str,
    en: &'static str,
    fr: &'static str,
    says: &'static str,
    codes: &'static str,
    atc: &'static str,
    stems: &'static str,
) -> Concept {
    Concept::new(Area::Immunization, key, en, fr, says).coded(codes, atc, stems)
}

#[rustfmt::skip]
pub(super) const VACCINES: &[Concept] = &[
    vaccine("flu-vaccine", "influenza vaccine", "vaccin contre la grippe", "flu shot|flu vaccine|flu jab|influenza vaccine|vaccin grippe|vaccin contre la grippe|antigrippal|vaccin antigrippal|vaccin anti grippal|vaccin anti grippe", "140 141 150 158 161 185 186 197 88", "J07BB", "influenza !haemophilus|gripp*|antigripp*|fluzone*|flucelvax*|fluarix*|fluad*|flublok*|vaxigrip*|influvac*|efluelda*"),
    vaccine("covid-vaccine", "COVID-19 vaccine", "vaccin contre la COVID-19", "covid vaccine|covid shot|covid 19 vaccine|covid jab|covid booster|vaccin covid|vaccin contre le covid|vaccin contre la covid", "207 208 210 211 212 213 217 218 219 228 229 300 301 302", "J07BN", "covid*|sars|comirnaty*|spikevax*|vaxzevria*|nuvaxovid*|jcovden*"),
    vaccine("tetanus-vaccine", "tetanus vaccine", "vaccin contre le tétanos", "tetanus shot|tetanus vaccine|tdap|td|dtap|dtp|dpt|dtcap|vaccin tetanos|vaccin contre le tetanos", "115 113 139 20 106 107 9 138 196", "J07AM J07AJ51 J07AJ52 J07CA01 J07CA02 J07CA03 J07CA05 J07CA06 J07CA07 J07CA09 J07CA11 J07CA12 J07CA13", "tetan*|tdap|dtap|dtp|dpt|dtcap|td|boostrix*|adacel*|infanrix*|pediarix*|pentacel*|repevax*|revaxis*|hexyon*|vaxelis*"),
    vaccine("diphtheria-vaccine", "diphtheria vaccine", "vaccin contre la diphtérie", "diphtheria shot|diphtheria vaccine|vaccin diphterie|vaccin contre la diphterie", "28 115 113 139 20 106 107 9 138 196", "J07AF J07AM51 J07AJ51 J07AJ52 J07CA01 J07CA02 J07CA03 J07CA05 J07CA06 J07CA07 J07CA09 J07CA11 J07CA12 J07CA13", "diphther*|diphter*|tdap|dtap|dtp|dpt|dtcap|td|boostrix*|adacel*|infanrix*|pediarix*|pentacel*|repevax*|revaxis*|hexyon*|vaxelis*"),
    vaccine("pertussis-vaccine", "whooping cough vaccine", "vaccin contre la coqueluche", "whooping cough shot|whooping cough vaccine|pertussis vaccine|vaccin coqueluche|vaccin contre la coqueluche", "115 20 106 107", "J07AJ J07CA02 J07CA05 J07CA06 J07CA09 J07CA11 J07CA12 J07CA13", "pertussis|coqueluche|tdap|dtap|dtp|dpt|dtcap|boostrix*|adacel*|infanrix*|pediarix*|pentacel*|repevax*|hexyon*|vaxelis*"),
    vaccine("mmr-vaccine", "measles, mumps and rubella vaccine", "vaccin rougeole-oreillons-rubéole", "mmr|ror|measles mumps and rubella vaccine|vaccin rougeole oreillons rubeole", "03 3 94", "J07BD", "mmr|mmrv|m m r|measles|rougeole|ror|priorix*|rvaxpro*|proquad*|trimovax*"),
    vaccine("hepatitis-b-vaccine", "hepatitis B vaccine", "vaccin contre l'hépatite B", "hepatitis b vaccine|hep b vaccine|vaccin hepatite b|vaccin contre l hepatite b", "08 8 43 44 45 189", "J07BC01", "hep b|hepatit* b|engerix*|recombivax*|heplisav*|twinrix*"),
    vaccine("hepatitis-a-vaccine", "hepatitis A vaccine", "vaccin contre l'hépatite A", "hepatitis a vaccine|hep a vaccine|vaccin hepatite a|vaccin contre l hepatite a", "52 83 85", "J07BC02", "hep a|hepatit* a|havrix*|vaqta*|twinrix*"),
    vaccine("pneumococcal-vaccine", "pneumococcal vaccine", "vaccin contre le pneumocoque", "pneumococcal|pneumonia shot|pneumonia vaccine|pneumocoque|prevenar", "133 33 152 215 216", "J07AL", "pneumococ*|pneumocoque|prevnar*|prevenar*|pneumovax*"),
    vaccine("shingles-vaccine", "shingles vaccine", "vaccin contre le zona", "shingles vaccine|shingrix|vaccin zona|vaccin contre le zona", "187 121 188", "J07BK03", "zoster|zona|shingrix*|zostavax*"),
    vaccine("varicella-vaccine", "varicella vaccine", "vaccin contre la varicelle", "varicella vaccine|chickenpox vaccine|vaccin varicelle|vaccin contre la varicelle", "21", "J07BK01", "varicel*|varivax*|varilrix*|mmrv|proquad*"),
    vaccine("hpv-vaccine", "HPV vaccine", "vaccin contre les papillomavirus", "hpv vaccine|gardasil|vaccin hpv|vaccin contre les papillomavirus", "62 118 137 165", "J07BM", "hpv|papilloma*|gardasil*|cervarix*"),
    vaccine("polio-vaccine", "polio vaccine", "vaccin contre la polio", "ipv|polio vaccine|vaccin polio|vaccin contre la polio", "10 89", "J07BF", "ipv|polio*"),
    vaccine("meningococcal-vaccine", "meningococcal vaccine", "vaccin contre le méningocoque", "meningococcal|meningitis vaccine|meningococcal vaccine|meningocoque|vaccin meningite|vaccin contre le meningocoque", "114 136 147 162 163", "J07AH", "meningo*|menveo*|menactra*|bexsero*|trumenba*|nimenrix*|neisvac*"),
    vaccine("hib-vaccine", "Hib vaccine", "vaccin contre Haemophilus influenzae b", "hib|haemophilus|haemophilus influenzae b", "49 48 17", "J07AG", "hib|haemophilus"),
    vaccine("rotavirus-vaccine", "rotavirus vaccine", "vaccin contre le rotavirus", "rotavirus", "119 116 122", "J07BH", "rotavirus|rotarix*|rotateq*"),
    vaccine("yellow-fever-vaccine", "yellow fever vaccine", "vaccin contre la fièvre jaune", "yellow fever|yellow fever vaccine|fievre jaune|vaccin fievre jaune|vaccin contre la fievre jaune", "37 183 184", "J07BL", "yellow fever|fievre jaune|stamaril*"),
];
